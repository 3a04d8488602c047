"""One scan: gel, epidermis, dermis, fat, and a lesion of few echoes below the epidermis."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int16
from scipy import ndimage

from dermaseg_monai.data.volumes.scan_place import ScanPlace

_GEL, _EPIDERMIS, _DERMIS, _FAT = 40.0, 900.0, 520.0, 230.0  # echo, 0 to 1000
_LESION_ECHO = (90.0, 190.0)
_SURFACE_MM, _EPIDERMIS_MM, _DERMIS_MM = (0.5, 0.9), (0.10, 0.18), (1.8, 2.6)
_RADII_MM = ((1.1, 1.9), (1.1, 1.9), (0.6, 1.1))
_WAVE_MM, _WAVE_CELL_MM = 0.08, 1.5
_LUMP, _LUMP_CELL_MM = 0.14, 0.5
_SPECKLE, _SPECKLE_CELL_MM = 0.25, 0.06
_FADING_PER_MM = 0.12
_MARGIN = 0.25  # of the field stays free of the lesion's middle

Volume = Float[np.ndarray, "x y z"]


@dataclass(frozen=True)
class SkinVolume:
    """Echoes from 0 to 1000, and the true extent of the lesion."""

    echoes: Int16[np.ndarray, "x y z"]
    lesion: Bool[np.ndarray, "x y z"]


def draw_skin_volume(place: ScanPlace, rng: np.random.Generator) -> SkinVolume:
    """Return the scan of one lesion on a grid.

    Layers follow a wavy surface; the lesion is a lumpy ellipsoid below the epidermis; all is fading with depth under
    multiplicative speckle.
    """
    depth = place.depths_mm()
    surface = rng.uniform(*_SURFACE_MM) + _WAVE_MM * smooth_field(place, _WAVE_CELL_MM, rng)[:, :, :1]
    below = depth - surface - rng.uniform(*_EPIDERMIS_MM)
    septa = 180.0 * (smooth_field(place, 0.35, rng) > 1.0)
    echoes = np.where(below < rng.uniform(*_DERMIS_MM), _DERMIS, _FAT + septa)
    echoes = np.where(below < 0, _EPIDERMIS, echoes)
    echoes = np.where(depth < surface, _GEL, echoes)
    lesion = _lesion(place, below, rng)
    echoes = np.where(lesion, rng.uniform(*_LESION_ECHO), echoes)
    echoes = echoes * np.exp(-_FADING_PER_MM * depth) * (1 + _SPECKLE * smooth_field(place, _SPECKLE_CELL_MM, rng))
    return SkinVolume(echoes.clip(0, 1000).round().astype(np.int16), lesion)


def smooth_field(place: ScanPlace, cell_mm: float, rng: np.random.Generator) -> Volume:
    """Return Gaussian noise whose bumps are about `cell_mm` wide in every direction; mean 0, standard deviation 1."""
    noise = ndimage.gaussian_filter(
        rng.standard_normal(place.shape_vox), [cell_mm / step for step in place.spacing_mm], mode="reflect"
    )
    return (noise - noise.mean()) / noise.std()


def _lesion(place: ScanPlace, below: Volume, rng: np.random.Generator) -> Bool[np.ndarray, "x y z"]:
    radii = [rng.uniform(*bounds) for bounds in _RADII_MM]
    x, y, _ = (count * step for count, step in zip(place.shape_vox, place.spacing_mm, strict=True))
    middle = [rng.uniform(_MARGIN, 1 - _MARGIN) * length for length in (x, y)]
    along = [
        ((np.arange(count) + 0.5) * step - at) / radius
        for count, step, at, radius in zip(place.shape_vox, place.spacing_mm, middle, radii, strict=False)
    ]
    squared = along[0][:, None, None] ** 2 + along[1][None, :, None] ** 2
    squared = squared + ((below - 0.7 * radii[2]) / radii[2]) ** 2
    lumpy = np.sqrt(squared) + _LUMP * smooth_field(place, _LUMP_CELL_MM, rng)
    parts, count = ndimage.label((lumpy < 1) & (below > 0))  # pyright: ignore[reportGeneralTypeIssues]
    sizes = ndimage.sum_labels(np.ones(parts.shape), parts, range(1, count + 1))
    return parts == 1 + int(np.argmax(sizes))
