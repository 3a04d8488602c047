"""Things people put beside a lesion: strokes of a surgical marker, a coloured sticker."""

import numpy as np
from scipy import ndimage

from dermaseg_monai.data.artefacts.noise import smooth_noise, smooth_step
from dermaseg_monai.data.artefacts.strokes import Stroke, curve, draw
from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb, absorb, blend, length_scale, require_strength

_STICKERS = ((0.98, 0.55, 0.18), (0.25, 0.66, 0.60), (0.35, 0.55, 0.80), (0.93, 0.82, 0.25))


def ink(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Draw one to four smudged violet marker strokes towards the edge of the picture.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    if strength == 0:
        return rgb
    return _marked(rgb, rng, 1 + round(3 * strength * rng.random()), 0.35 + 0.65 * strength)


def some_ink(rgb: UnitRgb, rng: np.random.Generator, *, count: int) -> UnitRgb:
    """Draw `count` dark strokes; of the same generator state, more are the same ones and others."""
    return _marked(rgb, rng, count, 1.0)


def _marked(rgb: UnitRgb, rng: np.random.Generator, count: int, density: float) -> UnitRgb:
    height, width = rgb.shape[:2]
    scale = length_scale(rgb.shape)
    strokes: list[Stroke] = []
    for _ in range(count):
        angle_rad = rng.uniform(0, 2 * np.pi)
        start = (height / 2 * (1 + 0.82 * np.sin(angle_rad)), width / 2 * (1 + 0.82 * np.cos(angle_rad)))
        points = curve(
            start, rng.uniform(0, 2 * np.pi), scale * rng.uniform(12, 60), bend_rad=rng.normal(0, 0.8), wave_rad=0.2
        )
        strokes.append(Stroke(points, np.full(len(points), scale * rng.uniform(1.2, 3.2))))
    worn = smooth_step(smooth_noise((height, width), 2.2 * scale, rng), -1.6, 1.2)
    cover = ndimage.gaussian_filter(draw(rgb.shape, strokes), 0.9 * scale) * (0.25 + 0.75 * worn)
    return absorb(rgb, (1.3, 1.5, 0.45), np.float32(density) * cover)


def sticker(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Let a coloured round sticker reach into the picture from one side; the strength is how far.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    if strength == 0:
        return rgb
    height, width = rgb.shape[:2]
    scale = length_scale(rgb.shape)
    radius_px = scale * rng.uniform(45, 75)
    inside_px = scale * (8 + 26 * strength)
    along = rng.uniform(0.1, 0.9)
    middle = [
        (along * height, -radius_px + inside_px),
        (along * height, width + radius_px - inside_px),
        (-radius_px + inside_px, along * width),
        (height + radius_px - inside_px, along * width),
    ][rng.integers(4)]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    away_px = np.hypot(rows - np.float32(middle[0]), columns - np.float32(middle[1])) - np.float32(radius_px)
    weave = np.float32(0.03) * smooth_noise((height, width), max(1.2, 1.2 * scale), rng)
    colour = np.asarray(_STICKERS[rng.integers(len(_STICKERS))], np.float32) + weave[..., None]
    shadow = np.clip(1 - away_px / (5 * scale), 0, 1)
    return blend(absorb(rgb, (0.22, 0.25, 0.26), shadow), np.clip(colour, 0, 1), np.clip(0.5 - away_px, 0, 1))
