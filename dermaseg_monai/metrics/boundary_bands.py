"""Boundary IoU: the Jaccard of two bands along the contours."""

import numpy as np

from dermaseg_monai.metrics.grid import Mask, bounding_box, require_masks


def boundary_iou(pred: Mask, label: Mask, *, width_px: int, both_empty: float) -> float:
    """Score the Jaccard of the two inner bands, in [0, 1]; one empty mask scores 0, two score `both_empty`.

    The band of a mask is its pixels at most `width_px` steps from the outside; a step goes to any of the 8 (3D: 26)
    neighbours, and beyond the image is outside. Where the bands fill their masks (small lesions) this is the Jaccard.

    Raises:
        ValueError: the masks are not boolean or lie on different grids, or `width_px` is below 1.

    Source: arXiv:2103.16562; its code takes 2 % of the image diagonal as width, here the width is stated.
    """
    require_masks(pred, label)
    if width_px < 1:
        raise ValueError(f"width_px is {width_px}, but a band is at least 1 pixel wide.")
    box = bounding_box(pred | label)
    if box is None:
        return both_empty
    ours, theirs = band(pred[box], width_px=width_px), band(label[box], width_px=width_px)
    return int(np.count_nonzero(ours & theirs)) / int(np.count_nonzero(ours | theirs))


def band(mask: Mask, *, width_px: int) -> Mask:
    """Return the pixels of the mask that a square erosion by `width_px` removes."""
    kept = np.pad(mask, width_px)
    size = 2 * width_px + 1
    for axis in range(mask.ndim):
        reach = 1  # pixels that the window covers so far; it doubles, so a wide band costs little more than a thin one
        while reach < size:
            step = min(reach, size - reach)
            ahead = (slice(None),) * axis
            kept = kept[(*ahead, slice(None, -step))] & kept[(*ahead, slice(step, None))]
            reach += step
    return mask & ~kept
