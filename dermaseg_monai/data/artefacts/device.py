"""How another camera would have rendered the picture: white, tint, saturation, hue and tone curve at once."""

import numpy as np
from PIL import Image

from dermaseg_monai.data.artefacts.grid import grid_shape, resized
from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb
from dermaseg_monai.images import to_lab

_SPREAD = np.array([0.09, 0.05, 0.18, 0.10, 0.10])
"""How much devices differ in warmth, tint, saturation (all logarithms), hue (radians) and tone curve (logarithm)."""
_THUMBNAIL_PX = 48
_MOST = 12.0
_HALVINGS = 16
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])


def other_device(rgb: UnitRgb, rng: np.random.Generator, *, difference: float) -> UnitRgb:
    """Render as a device drawn at random, far enough off that the mean colour difference is `difference` ΔE*ab (1976).

    The direction depends on the generator alone, how far to go on the picture. A picture that no device changes so much
    (black, white) gets the largest change.
    """
    direction = _SPREAD * rng.normal(size=len(_SPREAD))
    direction /= np.linalg.norm(direction / _SPREAD)
    shape = grid_shape(rgb.shape, min(_THUMBNAIL_PX, *rgb.shape[:2]))
    small = np.stack(
        [resized(np.ascontiguousarray(rgb[..., c]), shape, resample=Image.Resampling.BOX) for c in range(3)], axis=-1
    )
    lab = to_lab(small)
    low, high = 0.0, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        found = float(np.linalg.norm(to_lab(_rendered(small, middle * direction)) - lab, axis=-1).mean())
        low, high = (middle, high) if found < difference else (low, middle)
    return _rendered(rgb, (low + high) / 2 * direction)


def _rendered(rgb: UnitRgb, change: np.ndarray) -> UnitRgb:
    warm, tint, saturation, hue_rad, tone = change
    gain = np.exp(np.array([warm - tint / 2, tint, -1.3 * warm - tint / 2]))
    turn = np.exp(saturation) * np.array([[np.cos(hue_rad), -np.sin(hue_rad)], [np.sin(hue_rad), np.cos(hue_rad)]])
    plane = np.eye(3)
    plane[1:, 1:] = turn
    matrix = np.linalg.inv(_TO_YIQ) @ plane @ _TO_YIQ @ np.diag(gain)
    mixed = np.clip(rgb @ matrix.T.astype(np.float32), 0, 1)
    return (mixed ** np.float32(np.exp(tone))).astype(np.float32)
