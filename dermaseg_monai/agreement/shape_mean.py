"""The average of shapes: contours half-way between those of the readers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from dermaseg_monai.agreement.consensus_methods import Mask, Share, Tie, majority, soft_mean
from dermaseg_monai.metrics.grid import bounding_box

_ROUNDING = 1e-9


def shape_average(masks: Sequence[Mask], *, tie: Tie, spacing: tuple[float, ...] | None = None) -> Mask:
    """Return the mask whose contour is the zero level of the mean signed distance to the readers' contours.

    A pixel is lesion where the mean is 0 or more: where its centre lies on the contour, half of it is lesion. Two
    concentric discs give the disc of the mean radius; two lesions far apart give none. Empty masks have no contour:
    whether there is a lesion is voted on first, the readers who drew nothing against the others (`tie` for half against
    half), and the shapes of those who drew one are averaged.

    Args:
        masks: boolean, on one grid.
        tie: see above; `refuse` raises.
        spacing: length of a pixel or voxel along each axis; None: 1.

    Raises:
        TiedVoteError: half of the masks are empty and `tie` is `refuse`.
        ValueError: no mask, one that is not boolean, or masks on different grids.

    Source: Rohlfing and Maurer 2007, shape-based averaging (10.1109/TIP.2006.884936), of two labels and unweighted.
    """
    box = bounding_box(soft_mean(masks) > 0)
    found = np.zeros(masks[0].shape, dtype=bool)
    there_is_one = majority([np.array([mask.any()]) for mask in masks], tie=tie)[0]
    if box is None or not there_is_one:
        return found
    # beyond all outlines every distance is below 0, and one pixel more holds the nearest skin of all that is inside
    near = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in box)
    drawn = [mask[near] for mask in masks if mask.any()]
    total = np.zeros(drawn[0].shape)
    for mask in drawn:  # one after another: a distance map is eight times a mask
        total += signed_distance(mask, spacing=spacing)
    found[near] = total / len(drawn) >= -_ROUNDING
    return found


def signed_distance(mask: Mask, *, spacing: tuple[float, ...] | None = None) -> Share:
    """Return the Euclidean distance of each pixel's centre to the contour: above 0 inside, below 0 outside.

    The contour runs between two pixels, half a pixel from either centre, measured in the direction of the nearest pixel
    of the other side. The frame of the picture is no contour, but for a mask that fills it.

    Raises:
        ValueError: the mask is empty.
    """
    if not mask.any():
        raise ValueError("An empty mask has no contour and no distance to it.")
    if mask.all():
        return signed_distance(np.pad(mask, 1), spacing=spacing)[(slice(1, -1),) * mask.ndim]
    steps = (1.0,) * mask.ndim if spacing is None else spacing
    return np.where(mask, _depth(mask, steps), -_depth(~mask, steps))


def _depth(mask: Mask, steps: tuple[float, ...]) -> Share:
    # SciPy's types leave open what comes out
    if len(set(steps)) == 1:
        depth: Any = ndimage.distance_transform_edt(mask, sampling=steps)
        return depth - steps[0] / 2
    found: Any = ndimage.distance_transform_edt(mask, sampling=steps, return_indices=True)
    to_centre, nearest = found
    squares = np.zeros(mask.shape)
    for axis, step in enumerate(steps):
        along = np.arange(mask.shape[axis]).reshape([-1 if one == axis else 1 for one in range(mask.ndim)])
        squares += ((nearest[axis] - along) * step**2) ** 2
    return to_centre - 0.5 * np.sqrt(squares) / np.maximum(to_centre, min(steps))
