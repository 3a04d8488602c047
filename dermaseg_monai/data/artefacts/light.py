"""Light: fall-off towards the corners, uneven illumination, reflections."""

import numpy as np
from scipy import ndimage

from dermaseg_monai.data.artefacts.noise import smooth_noise, smooth_step
from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb, blend, length_scale, require_strength


def vignetting(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Darken smoothly from the middle outwards, by up to 55 % in the corners, and a little to one side.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    height, width = rgb.shape[:2]
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None]
    tilt = rng.normal(0, 0.12, size=2).astype(np.float32)
    loss = 0.55 * ((rows**2 + columns**2) / 2) ** 1.3 + tilt[0] * rows + tilt[1] * columns
    return np.clip(rgb * (1 - np.float32(strength) * loss)[..., None], 0, 1).astype(np.float32)


def highlights(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Put specular highlights on the picture: small sharp glints in a patch, and a soft sheen around them.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    if strength == 0:
        return rgb
    height, width = rgb.shape[:2]
    scale = length_scale(rgb.shape)
    middle = rng.uniform(0.1, 0.9, size=2) * (height, width)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    reach_px = scale * rng.uniform(18, 45)
    patch = np.exp(
        -((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2).astype(np.float32) / np.float32(2 * reach_px**2)
    )
    grain = smooth_noise((height, width), 1.5 * scale, rng) + 0.9 * smooth_noise((height, width), 9 * scale, rng)
    glints = smooth_step(grain + 1.2 * patch, 3.2 - 0.5 * strength, 4.4 - 0.5 * strength) * np.sqrt(patch)
    sheen = np.float32(0.16 * strength) * patch
    sharp = np.clip(ndimage.gaussian_filter(glints, 0.4), 0, 1) * np.float32(0.5 + 0.45 * strength)
    return blend(blend(rgb, (0.97, 0.97, 1.0), sheen), (1.0, 1.0, 1.0), sharp)
