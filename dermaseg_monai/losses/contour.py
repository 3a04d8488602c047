"""Contours by max-pooling: the band around a mask's edge, and its soft form for probabilities."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def contour_band(mask: Float[Tensor, "b 1 h w"], *, band_px: int) -> Float[Tensor, "b 1 h w"]:
    """Return dilation minus erosion: how much `mask` varies within `band_px` of each pixel, in [0, 1].

    On a mask of 0 and 1 that is the band of pixels less than or equal to `band_px` (Chebyshev distance) from the other
    class, 2·band_px wide. On probabilities it is a soft contour with a gradient. The frame of the image is no contour.

    Raises:
        ValueError: `band_px` is below 1.
    """
    if band_px < 1:
        raise ValueError(f"band_px is {band_px}. Give the reach of the contour band in px, 1 or more.")
    return _dilate(mask, band_px) + _dilate(-mask, band_px)


def _dilate(x: Float[Tensor, "b 1 h w"], reach: int) -> Float[Tensor, "b 1 h w"]:
    size = 2 * reach + 1
    # a square is a row of columns: 2·size comparisons instead of size²; max_pool pads with -infinity
    rows = F.max_pool2d(x, (size, 1), stride=1, padding=(reach, 0))
    return F.max_pool2d(rows, (1, size), stride=1, padding=(0, reach))
