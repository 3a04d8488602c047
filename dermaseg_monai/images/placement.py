"""Whether two volumes lie on the same voxels of the patient."""

from pathlib import Path
from typing import Final

import numpy as np
from nibabel.affines import apply_affine, voxel_sizes

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images.volumes import volume_affine, volume_size

_SAME_VOX: Final = 0.01
"""So far, in voxels, a corner may be off: float32 headers and quaternions round."""


def require_same_place(image: str | Path, label: str | Path) -> None:
    """Refuse a label that does not lie on the voxels of its image, from the headers alone.

    Raises:
        ImageError: another shape, spacing or affine; or as `volume_size`.
    """
    found = place_difference(image, label, whose="the image")
    if found:
        raise ImageError(
            f"{label} does not lie on the voxels of {image}: it has {found}. "
            "Resample the label onto its image, or take the label that was drawn on it."
        )


def place_difference(one: str | Path, other: str | Path, *, whose: str) -> str:
    """Return in words where the second volume lies elsewhere than the first; empty where they share their voxels.

    Args:
        one: the volume that counts.
        other: the one in question.
        whose: what the words call the first.

    Raises:
        ImageError: as `volume_size`.
    """
    shape, found = volume_size(Path(one)), volume_size(Path(other))
    if shape != found:
        return f"shape {_times(found)} and {whose} {_times(shape)} voxels"
    affine, own = volume_affine(Path(one)), volume_affine(Path(other))
    spacing, own_spacing = (voxel_sizes(each) for each in (affine, own))
    if not np.allclose(spacing, own_spacing, rtol=_SAME_VOX / max(shape), atol=0):
        return f"spacing {_times(own_spacing)} and {whose} {_times(spacing)} mm"
    corners = np.stack(np.meshgrid(*[(0, count - 1) for count in shape], indexing="ij"), axis=-1).reshape(-1, 3)
    with np.errstate(all="ignore"):  # an origin may lie so far away that its square is infinite
        off_mm = apply_affine(affine, corners) - apply_affine(own, corners)
        furthest_mm = float(np.linalg.norm(off_mm, axis=1).max())
    elsewhere = not furthest_mm <= _SAME_VOX * float(spacing.min())
    return f"another affine: a corner lies {furthest_mm:.3g} mm from {whose}'s" if elsewhere else ""


def spacing_of(path: str | Path) -> tuple[float, float, float]:
    """Return the size of a volume's voxel in mm along x, y, z, from its affine. Raises: ImageError."""
    x, y, z = (float(step) for step in voxel_sizes(volume_affine(Path(path))))
    return x, y, z


def _times(numbers: object) -> str:
    return " x ".join(f"{number:g}" for number in np.asarray(numbers))
