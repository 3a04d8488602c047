"""Where the voxels of a scan lie: an anisotropic grid, held obliquely over the patient."""

from dataclasses import dataclass

import nibabel as nib
import numpy as np
from jaxtyping import Float

_SHAPES_VOX = ((44, 60), (30, 40), (40, 52))
_SPACINGS_MM = ((0.12, 0.16), (0.22, 0.30), (0.09, 0.12))
_TILT_DEG = 25.0
_ORIGIN_MM = 80.0


@dataclass(frozen=True)
class ScanPlace:
    """A grid of voxels: across the beam, along the sweep of the probe, into the skin; and its place in the patient."""

    shape_vox: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    affine: Float[np.ndarray, "4 4"]

    @property
    def header(self) -> nib.Nifti1Header:
        """A header that states the place twice, as scanners do (sform and qform), in mm."""
        header = nib.Nifti1Header()
        header.set_xyzt_units("mm")
        header.set_qform(self.affine, code=1)
        header.set_sform(self.affine, code=1)
        return header

    def depths_mm(self) -> Float[np.ndarray, "1 1 z"]:
        """Return the distance of each voxel's middle from the probe."""
        return (np.arange(self.shape_vox[2]) + 0.5)[None, None] * self.spacing_mm[2]


def draw_place(rng: np.random.Generator) -> ScanPlace:
    """Return a grid of its own size and spacing, tilted up to 25 degrees about each axis; some axes run backwards."""
    shape = tuple(int(rng.integers(low, high + 1)) for low, high in _SHAPES_VOX)
    spacing = tuple(round(float(rng.uniform(low, high)), 3) for low, high in _SPACINGS_MM)
    affine = np.eye(4)
    affine[:3, :3] = _tilt(rng) @ np.diag(rng.choice([-1.0, 1.0], size=3) * spacing)
    affine[:3, 3] = rng.uniform(-_ORIGIN_MM, _ORIGIN_MM, size=3)
    return ScanPlace((shape[0], shape[1], shape[2]), (spacing[0], spacing[1], spacing[2]), affine)


def _tilt(rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    turned = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(rng.uniform(-_TILT_DEG, _TILT_DEG, size=3))):
        one, other = (at for at in range(3) if at != axis)
        turn = np.eye(3)
        turn[one, one] = turn[other, other] = np.cos(angle)
        turn[one, other], turn[other, one] = -np.sin(angle), np.sin(angle)
        turned = turn @ turned
    return turned
