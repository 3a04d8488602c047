"""Turning and zooming a picture with its mask on the grid it has; what comes in from outside is mirrored."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from dermaseg_monai.arrays import BoolMask, RgbImage

_BILINEAR = Image.Resampling.BILINEAR
_WHITE = 255


def turned(image: RgbImage, mask: BoolMask, *, angle_deg: float) -> tuple[RgbImage, BoolMask]:
    """Turn both counter-clockwise about the middle; a pixel is lesion where at least half of it is."""
    height, width = mask.shape
    margin_px = int(np.ceil((np.hypot(height, width) - min(height, width)) / 2)) + 1
    inside = (margin_px, margin_px, margin_px + width, margin_px + height)
    return _both(image, mask, margin_px, lambda one: one.rotate(angle_deg, _BILINEAR).crop(inside))


def zoomed(image: RgbImage, mask: BoolMask, *, factor: float) -> tuple[RgbImage, BoolMask]:
    """Make everything `factor` times as large about the middle (below 1: smaller), with antialiasing.

    Raises:
        ValueError: the factor is not above 0.
    """
    if not factor > 0:
        raise ValueError(f"factor is {factor}, it must be above 0: 1 leaves the picture as it is.")
    height, width = mask.shape
    margin_px = int(np.ceil(max(0.0, (1 / factor - 1) / 2) * max(height, width)))
    across, down = margin_px + width / 2, margin_px + height / 2
    half = (width / factor / 2, height / factor / 2)
    box = (across - half[0], down - half[1], across + half[0], down + half[1])
    return _both(image, mask, margin_px, lambda one: one.resize((width, height), _BILINEAR, box))


def _both(
    image: RgbImage, mask: BoolMask, margin_px: int, change: Callable[[Image.Image], Image.Image]
) -> tuple[RgbImage, BoolMask]:
    def moved(pixels: np.ndarray) -> np.ndarray:
        margins = [(margin_px, margin_px)] * 2 + [(0, 0)] * (pixels.ndim - 2)
        return np.asarray(change(Image.fromarray(np.pad(pixels, margins, mode="symmetric"))))

    return moved(image), moved(mask.astype(np.uint8) * _WHITE) > _WHITE // 2
