"""Read one grid at the voxels of another, block by block."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from jaxtyping import Float, Float32
from scipy import ndimage

from dermaseg_monai.images.volume_file import BLOCK_VOXELS, Box, spans

Affine = Float[np.ndarray, "4 4"]
Shape = tuple[int, int, int]
Block = Float32[np.ndarray, "x y z"]

_MARGIN = 1  # so that rounding never asks for a voxel beside the block


def resampled(read: Callable[[Box], Block], source_shape: Shape, to_source: Affine, box: Box) -> Block:
    """Return the values at the voxels of `box`, trilinear, beyond the source's outermost voxels their value.

    Args:
        read: gives a box of the source.
        source_shape: the voxels of the whole source.
        to_source: from a voxel of the target to its place among the source's voxels.
        box: voxels of the target.
    """
    needed = source_box(source_shape, to_source, box)
    start = np.array([part.start for part in box])
    shift = to_source[:3, :3] @ start + to_source[:3, 3] - [part.start for part in needed]
    moved = np.block([[to_source[:3, :3], shift[:, None]], [np.zeros((1, 3)), 1]])
    found = np.empty([part.stop - part.start for part in box], dtype=np.float32)
    # SciPy takes a 4 x 4 matrix with its offset
    ndimage.affine_transform(read(needed), moved, output_shape=found.shape, output=found, order=1, mode="nearest")
    return found


def source_box(source_shape: Shape, to_source: Affine, box: Box) -> Box:
    """Return the voxels of the source that lie around those of a box of the target; one at least."""
    corners = np.array([(*corner, 1) for corner in product(*((part.start, part.stop - 1) for part in box))])
    places = (corners @ to_source.T)[:, :3]
    low = np.floor(places.min(axis=0)).astype(int) - _MARGIN
    high = np.ceil(places.max(axis=0)).astype(int) + _MARGIN + 1
    x, y, z = (
        slice(min(max(first, 0), count - 1), max(min(last, count), 1))
        for first, last, count in zip(low.tolist(), high.tolist(), source_shape, strict=True)
    )
    return x, y, z


def slabs(shape: Shape, axis: int, source_shape: Shape, to_source: Affine) -> Iterator[Box]:
    """Cut the target into slabs across `axis` such that slab and source block stay near BLOCK_VOXELS, if they can."""
    thickness = shape[axis]
    while thickness > 1:
        middle = (shape[axis] - thickness) // 2
        box = _across(shape, axis, slice(middle, middle + thickness))
        if max(voxels(box), voxels(source_box(source_shape, to_source, box))) <= BLOCK_VOXELS:
            break
        thickness = (thickness + 1) // 2
    return (_across(shape, axis, part) for part in spans(shape[axis], thickness))


def voxels(box: Box) -> int:
    """Return how many voxels a box holds."""
    return int(np.prod([part.stop - part.start for part in box], dtype=np.int64))


def _across(shape: Shape, axis: int, along: slice) -> Box:
    x, y, z = (along if other == axis else slice(0, count) for other, count in enumerate(shape))
    return x, y, z
