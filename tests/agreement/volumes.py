"""Hand-drawn volumes for the tests in millimetres."""

from pathlib import Path

import nibabel as nib
import numpy as np

SPACING_MM = (0.5, 1.0, 2.0)
SHAPE = (20, 12, 8)
AFFINE = np.array([[-0.5, 0, 0, 10], [0, 0, -2.0, -20], [0, 1.0, 0, 5], [0, 0, 0, 1]])
"""x runs to the patient's left, y up, z to the back."""


def box(x: slice, y: slice, z: slice, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[x, y, z] = True
    return mask


def save(path: Path, mask: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(mask.astype(np.uint8), affine), path)
    return path
