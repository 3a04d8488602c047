"""Make photographs and masks smaller, once and with care."""

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image
from scipy import sparse

from dermaseg_monai.arrays import BoolMask, RgbImage

SmallRgb = UInt8[np.ndarray, "small_h small_w 3"]
SmallMask = Bool[np.ndarray, "small_h small_w"]
"""As RgbImage and BoolMask, on a grid of their own."""

_HALF = 0.5
_ROUNDING = 1e-4  # float32 sums of weights


def reduced_size(size_px: tuple[int, int], short_side_px: int) -> tuple[int, int]:
    """Return rows and columns with the shorter side at `short_side_px`, the other in proportion; never larger."""
    short = min(size_px)
    if short <= short_side_px:
        return size_px
    height, width = (max(short_side_px, round(side * short_side_px / short)) for side in size_px)
    return height, width


def reduce_rgb(rgb: RgbImage, size_px: tuple[int, int]) -> SmallRgb:
    """Return the photograph at `size_px` (rows, columns), bicubic and antialiased; as it is when it has that size."""
    if rgb.shape[:2] == size_px:
        return rgb
    height, width = size_px
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC))


def reduce_mask(mask: BoolMask, size_px: tuple[int, int]) -> SmallMask:
    """Return the mask at `size_px`: a pixel is lesion where at least half of the area that it covers is."""
    if mask.shape == size_px:
        return mask
    rows, columns = (_shares(old, new) for old, new in zip(mask.shape, size_px, strict=True))
    covered = (columns @ (rows @ mask.astype(np.float32)).T).T
    return covered >= _HALF - _ROUNDING


def _shares(old: int, new: int) -> sparse.csr_array:
    """Which part of each new pixel every old one fills: (new, old), rows add up to 1."""
    # in steps of 1 / (old * new), so that the ends of old and new pixels are whole numbers
    ends = np.union1d(np.arange(old + 1) * new, np.arange(new + 1) * old)
    pieces = np.diff(ends)
    return sparse.csr_array(((pieces / old).astype(np.float32), (ends[:-1] // old, ends[:-1] // new)), shape=(new, old))
