"""The outline of a mask, and outlines drawn on photographs."""

import numpy as np

from dermaseg_monai.arrays import BoolMask, RgbImage

OVERLAY_COLOUR = (0, 255, 255)
OVERLAY_SHARE = 400


def outline(mask: BoolMask, width_px: int = 1) -> BoolMask:
    """Return the lesion pixels closer than `width_px` steps (up, down, left, right) to skin or to the picture's edge.

    Raises:
        ValueError: `width_px` is below 1.
    """
    if width_px < 1:
        raise ValueError(f"width_px must be at least 1; got {width_px}.")
    inner = mask
    for _ in range(width_px):
        inner = _eroded(inner)
    return mask & ~inner


def draw_outline(rgb: RgbImage, mask: BoolMask, colour: tuple[int, int, int], width_px: int = 1) -> RgbImage:
    """Return a copy of the picture with the outline of the mask in `colour` (0 to 255).

    Raises:
        ValueError: mask and picture differ in size.
    """
    if rgb.shape[:2] != mask.shape:
        raise ValueError(f"The mask has {mask.shape} px, the picture {rgb.shape[:2]}.")
    drawn = rgb.copy()
    drawn[outline(mask, width_px)] = colour
    return drawn


def overlay(rgb: RgbImage, mask: BoolMask) -> RgbImage:
    """Return the picture with the outline of a prediction, cyan and a 400th of the longer side wide.

    Raises:
        ValueError: mask and picture differ in size.
    """
    return draw_outline(rgb, mask, OVERLAY_COLOUR, max(1, round(max(mask.shape) / OVERLAY_SHARE)))


def _eroded(mask: BoolMask) -> BoolMask:
    framed = np.pad(mask, 1)
    inner = mask.copy()
    for axis in range(mask.ndim):
        for start in (0, 2):
            window = [slice(1, -1)] * mask.ndim
            window[axis] = slice(start, start + mask.shape[axis])
            inner &= framed[tuple(window)]
    return inner
