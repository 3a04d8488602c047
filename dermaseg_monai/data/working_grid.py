"""The grid that a network works on, known without reading a voxel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from monai.data.meta_tensor import MetaTensor
from monai.transforms.spatial.array import Orientation, Spacing

Affine = Float[np.ndarray, "4 4"]


@dataclass(frozen=True)
class WorkingGrid:
    """Number of voxels, where they lie (voxel to mm), and the axis that runs with the slowest axis of the file."""

    shape: tuple[int, int, int]
    affine: Affine
    slow_axis: int


def working_grid(shape: tuple[int, int, int], affine: Affine, spacing_mm: Sequence[float]) -> WorkingGrid:
    """Return the grid onto which Orientationd (RAS) and Spacingd bring a volume of this shape and affine.

    MONAI's transforms say it themselves, run lazily on a volume of one value that takes no memory.
    """
    empty = MetaTensor(torch.zeros(()).expand(1, *shape), affine=torch.from_numpy(affine))
    upright = Orientation("RAS", labels=None, lazy=True)(empty)
    moved = Spacing(spacing_mm, lazy=True)(upright)
    assert isinstance(moved, MetaTensor)  # noqa: S101 (what MONAI makes of a MetaTensor)
    x, y, z = (int(count) for count in moved.peek_pending_shape())
    found = np.asarray(moved.peek_pending_affine(), dtype=np.float64)
    along = np.linalg.solve(found, affine)[:3, 2]
    return WorkingGrid((x, y, z), found, int(np.argmax(np.abs(along))))
