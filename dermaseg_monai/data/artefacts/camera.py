"""What the camera adds: loss of sharpness, a colour cast, grain."""

import numpy as np
from PIL import Image
from scipy import ndimage

from dermaseg_monai.data.artefacts.grid import REFERENCE_SIDE_PX, grid_shape, resized
from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb, length_scale, require_strength


def blur(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Blur as out of focus (a Gaussian of up to 2.4 px at 192 px) or, one time in four, as a shaken hand.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    sigma_px = 2.4 * strength * length_scale(rgb.shape)
    shaken, axis = rng.random() < 0.25, int(rng.integers(2))  # noqa: PLR2004
    if strength == 0:
        return rgb
    if shaken:
        return ndimage.uniform_filter1d(rgb, 1 + 2 * round(sigma_px), axis=axis)
    return ndimage.gaussian_filter(rgb, (sigma_px, sigma_px, 0), truncate=3)


def colour_cast(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Change white balance (warm to cold, green to magenta), exposure, contrast and saturation, as devices differ.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    warm, green, exposure, contrast, saturation = rng.normal(0, strength, size=5) * (0.09, 0.05, 0.08, 0.10, 0.18)
    if strength == 0:
        return rgb
    gain = np.exp(np.array([warm + exposure, green + exposure, -1.3 * warm + exposure], np.float32))
    out = rgb * gain
    grey = out @ np.array([0.299, 0.587, 0.114], np.float32)
    out = grey[..., None] + (out - grey[..., None]) * np.float32(np.exp(saturation))
    out = np.float32(0.5) + (out - np.float32(0.5)) * np.float32(np.exp(contrast))
    return np.clip(out, 0, 1).astype(np.float32)


def grain(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Add sensor noise: a standard deviation of up to 0.04, partly shared by the channels.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    if strength == 0:
        return rgb
    shared = rng.standard_normal((*rgb.shape[:2], 1), dtype=np.float32)
    own = rng.standard_normal(rgb.shape, dtype=np.float32)
    noise = np.float32(0.04 * strength) * (np.float32(0.8) * shared + np.float32(0.6) * own)
    return np.clip(rgb + noise, 0, 1).astype(np.float32)


def defocus(rgb: UnitRgb, *, sigma_px: float) -> UnitRgb:
    """Blur with a Gaussian of this standard deviation."""
    return ndimage.gaussian_filter(rgb, (sigma_px, sigma_px, 0), truncate=3)


def sensor_noise(rgb: UnitRgb, rng: np.random.Generator, *, deviation: float) -> UnitRgb:
    """Add Gaussian noise of this standard deviation, partly shared by the channels, one grain per pixel of 512.

    On a coarser grid the grains are averaged, as a picture made smaller averages them; on a finer one they are squares.
    """
    shape = grid_shape(rgb.shape, REFERENCE_SIDE_PX)
    layers = rng.standard_normal((4, *shape), dtype=np.float32)
    shared, *own = (resized(layer, rgb.shape[:2], resample=Image.Resampling.BOX) for layer in layers)
    noise = np.stack([np.float32(0.8) * shared + np.float32(0.6) * one for one in own], axis=-1)
    return np.clip(rgb + np.float32(deviation) * noise, 0, 1).astype(np.float32)
