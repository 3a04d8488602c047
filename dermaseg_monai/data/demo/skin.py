"""Skin: its colour by individual typology angle (ITA), its relief and its small marks."""

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.data.artefacts.noise import fractal_noise, smooth_noise, smooth_step
from dermaseg_monai.data.artefacts.unit_rgb import Field, UnitRgb, length_scale

ITA_RANGE_DEG = (-52.0, 68.0)
_TO_LINEAR_RGB = np.array(  # from CIE XYZ with white D65
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
)
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
MELANIN = np.array([0.62, 1.02, 1.50], np.float32)
"""Relative absorption of melanin in red, green and blue."""
BLOOD = np.array([0.12, 1.0, 0.82], np.float32)
"""Relative absorption of haemoglobin in red, green and blue."""
GAMMA = 2.2
"""Exponent between linear light and the displayed value."""


def skin_colour(ita_deg: float, redness: float) -> Float32[np.ndarray, "3"]:
    """Return the linear RGB of skin with this angle: ITA = atan((L* - 50) / b*); `redness` is added to a*."""
    ita = float(np.clip(ita_deg, *ITA_RANGE_DEG))
    b = float(np.interp(ita, [-52, -25, 0, 15, 30, 45, 60, 68], [14, 19, 20, 20, 18.5, 16, 12, 9.5]))
    a = float(np.interp(ita, [-52, -20, 10, 40, 68], [8.5, 11.5, 12, 10, 8])) + redness
    lightness = 50 + b * float(np.tan(np.radians(ita)))
    return _linear_rgb(lightness, a, b)


def skin(shape: tuple[int, int], rng: np.random.Generator, *, ita_deg: float) -> UnitRgb:
    """Return a patch of skin in linear light: mottled, with crossing furrows, pores and sometimes freckles."""
    scale = length_scale(shape)
    colour = skin_colour(ita_deg, float(rng.normal(0.5, 2.0)))
    mottled = 0.5 * fractal_noise(shape, 46 * scale, rng)
    melanin = 0.07 * mottled + 0.022 * smooth_noise(shape, 5 * scale, rng)
    blood = 0.09 * fractal_noise(shape, 60 * scale, rng) + 0.02 * smooth_noise(shape, 9 * scale, rng)
    melanin += _furrows(shape, rng, scale) * rng.uniform(0.02, 0.09)
    melanin += _pores(shape, rng, scale)
    if rng.random() < 0.22:  # noqa: PLR2004
        spots = smooth_step(smooth_noise(shape, 7 * scale, rng), 1.7, 2.8)
        melanin += rng.uniform(0.1, 0.3) * spots
    if rng.random() < 0.3:  # noqa: PLR2004
        blood += rng.uniform(0.1, 0.25) * _threads(shape, rng, scale)
    light = 1 + 0.05 * smooth_noise(shape, 120 * scale, rng) + 0.012 * smooth_noise(shape, 1.6 * scale, rng)
    density = melanin[..., None] * MELANIN + blood[..., None] * BLOOD
    return (colour * light[..., None] * np.exp(-density)).astype(np.float32)


def _furrows(shape: tuple[int, int], rng: np.random.Generator, scale: float) -> Field:
    height, width = shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    first_rad = rng.uniform(0, np.pi)
    total = np.zeros(shape, np.float32)
    for angle_rad in (first_rad, first_rad + rng.uniform(0.9, 1.4)):
        bend = 3.5 * scale * smooth_noise(shape, 22 * scale, rng)
        across = rows * np.float32(np.sin(angle_rad)) + columns * np.float32(np.cos(angle_rad)) + bend
        wave = np.cos(2 * np.pi / np.float32(scale * rng.uniform(5, 8)) * across)
        total += np.maximum(wave, 0) ** 3 * (0.6 + 0.4 * smooth_noise(shape, 15 * scale, rng))
    return total


def _pores(shape: tuple[int, int], rng: np.random.Generator, scale: float) -> Field:
    if rng.random() > 0.4:  # noqa: PLR2004
        return np.zeros(shape, np.float32)
    return 0.12 * smooth_step(smooth_noise(shape, 3.2 * scale, rng), 2.0, 3.2)


def _threads(shape: tuple[int, int], rng: np.random.Generator, scale: float) -> Field:
    ridge = np.abs(fractal_noise(shape, 26 * scale, rng, octaves=2))
    where = smooth_step(smooth_noise(shape, 40 * scale, rng), 0.2, 1.4)
    return (1 - smooth_step(ridge, 0.0, 0.09)) * where


def _linear_rgb(lightness: float, a: float, b: float) -> Float32[np.ndarray, "3"]:
    fy = (lightness + 16) / 116
    f = np.array([fy + a / 500, fy, fy - b / 200])
    xyz = _WHITE_D65 * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    return np.clip(_TO_LINEAR_RGB @ xyz, 0.004, 1).astype(np.float32)
