"""Air bubbles in the immersion gel: thin rings, dark on one side and bright on the other, with a highlight."""

import numpy as np

from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb, length_scale, require_strength

_MOST_BUBBLES = 26


def bubbles(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Put bubbles into the picture, most of them in one or two flocks of many small and few large ones.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    if strength == 0:
        return rgb
    light_rad, flocks = _light_and_flocks(rgb, rng)
    return _laid(rgb, rng, light_rad, flocks, max(2, round(strength * _MOST_BUBBLES * rng.uniform(0.6, 1))))


def some_bubbles(rgb: UnitRgb, rng: np.random.Generator, *, count: int) -> UnitRgb:
    """Put `count` bubbles into the picture; of the same generator state, more are the same ones and others."""
    light_rad, flocks = _light_and_flocks(rgb, rng)
    return _laid(rgb, rng, light_rad, flocks, count)


def _light_and_flocks(rgb: UnitRgb, rng: np.random.Generator) -> tuple[float, np.ndarray]:
    return rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.95, size=(2, 2)) * rgb.shape[:2]


def _laid(rgb: UnitRgb, rng: np.random.Generator, light_rad: float, flocks: np.ndarray, count: int) -> UnitRgb:
    out = rgb.copy()
    height, width = rgb.shape[:2]
    scale = length_scale(rgb.shape)
    for _ in range(count):
        centre = flocks[rng.integers(2)] + rng.normal(0, 0.13 * min(height, width), size=2)
        radius_px = scale * min(2.0 + rng.exponential(2.8), 15.0)
        _one_bubble(out, centre, radius_px, light_rad, rng.uniform(0.55, 1.0))
    return np.clip(out, 0, 1)


def _one_bubble(rgb: UnitRgb, centre: np.ndarray, radius_px: float, light_rad: float, clearness: float) -> None:
    height, width = rgb.shape[:2]
    reach = int(radius_px + 3)
    top, left = max(0, int(centre[0]) - reach), max(0, int(centre[1]) - reach)
    bottom, right = min(height, int(centre[0]) + reach + 1), min(width, int(centre[1]) + reach + 1)
    if top >= bottom or left >= right:
        return
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    down, across = rows - np.float32(centre[0]), columns - np.float32(centre[1])
    away_px = np.hypot(down, across)
    rim_px = np.float32(0.55 + 0.055 * radius_px)
    facing = (down * np.sin(light_rad) + across * np.cos(light_rad)) / np.maximum(away_px, 1e-3)
    dark = np.exp(-(((away_px - radius_px) / rim_px) ** 2))
    bright = np.exp(-(((away_px - radius_px + 1.7 * rim_px) / rim_px) ** 2))
    spot_px = np.hypot(
        down - 0.55 * radius_px * np.sin(light_rad), across - 0.55 * radius_px * np.cos(light_rad)
    ) / np.float32(max(0.7, 0.16 * radius_px))
    gain = -0.34 * dark * (0.65 - 0.35 * facing) + 0.26 * bright * (0.5 + 0.5 * facing) + 0.5 * np.exp(-(spot_px**2))
    gain += 0.035 * (away_px < radius_px)
    patch = rgb[top:bottom, left:right]
    patch += (np.float32(clearness) * gain)[..., None].astype(np.float32)
