"""What a reader gives back: pixels and, for a volume, where they lie in the patient."""

from dataclasses import dataclass

import nibabel as nib
import numpy as np

MAX_PIXELS = 100_000_000
"""A photograph with more pixels is refused before it is decoded (a small file can claim any size)."""

MAX_VOXELS = 1_000_000_000
"""A volume with more voxels is refused before it is decoded."""

PHOTOGRAPH_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
VOLUME_SUFFIXES = (".nii", ".nii.gz")
IMAGE_SUFFIXES = PHOTOGRAPH_SUFFIXES + VOLUME_SUFFIXES
"""File names that end so (in any case) can be read."""


@dataclass(frozen=True)
class Picture:
    """A photograph or a volume with its geometry.

    `pixels` is uint8 "h w 3" (rows, columns, red-green-blue) for a photograph and float32 "x y z" in nibabel's axis
    order for a volume. `spacing_mm`, `affine` (4x4, voxel to millimetre) and `header` are None for a photograph.
    """

    pixels: np.ndarray
    spacing_mm: tuple[float, ...] | None = None
    affine: np.ndarray | None = None
    header: nib.Nifti1Header | None = None
