"""Artefacts whose size is counted in pixels, made on a grid of one size and carried to the picture's own."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32
from PIL import Image

from dermaseg_monai.data.artefacts.unit_rgb import Field, UnitRgb

REFERENCE_SIDE_PX = 512
"""Shorter side of the grid that lengths of stressors are counted on."""

_LONGEST_PX = 4096  # keeps a strip of 32 x 4000 px from becoming a strip of 512 x 64000


def on_grid(rgb: UnitRgb, change: Callable[[UnitRgb], UnitRgb], *, side_px: int) -> UnitRgb:
    """Change the picture as seen with this shorter side, and bring the difference back to its own grid.

    What the picture shows stays as sharp as it was; what the change adds is as fine as the grid it was made on.
    """
    shape = grid_shape(rgb.shape, side_px)
    if shape == rgb.shape[:2]:
        return change(rgb)
    seen = np.clip(_resized(rgb, shape), 0, 1)
    return np.clip(rgb + _resized(change(seen) - seen, rgb.shape[:2]), 0, 1).astype(np.float32)


def grid_shape(shape: tuple[int, ...], side_px: int) -> tuple[int, int]:
    """Return rows and columns of a picture of this shape when its shorter side is `side_px`."""
    ratio = min(side_px / min(shape[:2]), max(1.0, _LONGEST_PX / max(shape[:2])))
    return max(1, round(shape[0] * ratio)), max(1, round(shape[1] * ratio))


def resized(field: Field, shape: tuple[int, int], *, resample: Image.Resampling) -> Float32[np.ndarray, "_ _"]:
    """Return one field on another grid."""
    height, width = shape
    return np.asarray(Image.fromarray(field).resize((width, height), resample), np.float32)


def _resized(rgb: UnitRgb, shape: tuple[int, int]) -> Float32[np.ndarray, "_ _ 3"]:
    channels = (np.ascontiguousarray(rgb[..., channel]) for channel in range(3))
    return np.stack([resized(one, shape, resample=Image.Resampling.BILINEAR) for one in channels], axis=-1)
