"""What a reader gives back: pixels and, for a volume, where they lie in the patient."""

from dataclasses import dataclass

import nibabel as nib
import numpy as np

MAX_PIXELS = 100_000_000
"""A photograph with more pixels is refused before it is decoded (a small file can claim any size)."""

MAX_VOXELS = 1_000_000_000
"""A volume with more voxels is refused before it is decoded."""

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")
PHOTOGRAPH_SUFFIXES = (*JPEG_SUFFIXES, ".png", ".bmp", ".tif", ".tiff")
VOLUME_SUFFIXES = (".nii", ".nii.gz")
IMAGE_SUFFIXES = PHOTOGRAPH_SUFFIXES + VOLUME_SUFFIXES
"""File names that end so (in any case) can be read."""

UNREAD_SUFFIXES = (
    *(".webp", ".heic", ".heif", ".avif", ".gif", ".jp2", ".j2k", ".jxl", ".jxr", ".svg", ".psd", ".ppm", ".pgm"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".raw"),
    *(".dcm", ".dicom", ".mha", ".mhd", ".nrrd"),
)
"""File names that end so (in any case) are images of formats that are not read: whoever lists images names them."""


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
