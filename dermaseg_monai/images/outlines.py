"""The outline of a mask, and outlines drawn on photographs."""

import numpy as np

from dermaseg_monai.arrays import BoolMask, RgbImage

REFERENCE_RGB = (0, 213, 255)
PREDICTION_RGB = (255, 208, 0)
"""Cyan and yellow in every picture: apart for colour-blind eyes, and neither occurs in skin."""

_RIM_RGB = (0, 0, 0)
_OVERLAY_SHARE = 400
_LEAST_OVERLAY_PX = 2


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
    """Return the picture with the outline of a prediction, yellow and a 400th of the longer side wide, at least 2 px.

    A black line of half that width on its outer side sets it off from pale skin.

    Raises:
        ValueError: mask and picture differ in size.
    """
    width_px = max(_LEAST_OVERLAY_PX, round(max(mask.shape) / _OVERLAY_SHARE))
    rim_px = width_px // 2
    # skin around the picture keeps the rim off its edges
    skin = np.pad(~mask, rim_px, constant_values=True)
    drawn = draw_outline(rgb, mask, PREDICTION_RGB, width_px)
    drawn[outline(skin, rim_px)[rim_px:-rim_px, rim_px:-rim_px]] = _RIM_RGB
    return drawn


def _eroded(mask: BoolMask) -> BoolMask:
    framed = np.pad(mask, 1)
    inner = mask.copy()
    for axis in range(mask.ndim):
        for start in (0, 2):
            window = [slice(1, -1)] * mask.ndim
            window[axis] = slice(start, start + mask.shape[axis])
            inner &= framed[tuple(window)]
    return inner
