"""The picture every artefact takes and gives back: float32 RGB in [0, 1]."""

import numpy as np
from jaxtyping import Float32

UnitRgb = Float32[np.ndarray, "h w 3"]
"""Rows, columns, red-green-blue as displayed (sRGB), in [0, 1]."""

Field = Float32[np.ndarray, "h w"]
"""One number per pixel: a cover in [0, 1], a noise, a distance."""

BASE_SIDE_PX = 192
"""Lengths in this room are meant for a picture with this shorter side; `length_scale` carries them to others."""


def require_strength(strength: float) -> None:
    """Refuse a strength outside [0, 1].

    Raises:
        ValueError: says the value and the range.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength is {strength}, it must lie in [0, 1]: 0 leaves the picture as it is.")


def length_scale(shape: tuple[int, ...]) -> float:
    """Return how many pixels of a picture of this shape stand for one pixel of a picture 192 px high."""
    return min(shape[:2]) / BASE_SIDE_PX


def blend(rgb: UnitRgb, colour: np.ndarray | tuple[float, float, float], cover: Field) -> UnitRgb:
    """Lay a colour (one for all, or one per pixel) over the picture where `cover` says so."""
    alpha = np.clip(cover, 0, 1)[..., None]
    return (rgb + (np.asarray(colour, np.float32) - rgb) * alpha).astype(np.float32)


def absorb(rgb: UnitRgb, density: tuple[float, float, float], cover: Field) -> UnitRgb:
    """Darken like a transparent dye: rgb * exp(-density * cover), per channel."""
    return (rgb * np.exp(-np.asarray(density, np.float32) * cover[..., None])).astype(np.float32)
