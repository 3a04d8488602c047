"""Hairs: curved, tapered, each with a soft shadow."""

import numpy as np
from scipy import ndimage

from dermaseg_monai.data.artefacts.strokes import Stroke, curve, draw
from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb, absorb, blend, length_scale, require_strength

_COLOURS = ((0.06, 0.05, 0.05), (0.16, 0.09, 0.06), (0.30, 0.18, 0.10), (0.46, 0.36, 0.26))
_COLOUR_ODDS = (0.4, 0.35, 0.18, 0.07)
_MOST_HAIRS = 34
_VELLUS_SHARE = 0.25


def hair(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Lay hairs over the picture: one or two at strength 0.05, a dense growth at 1.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    return lay_hairs(rgb, grow_hairs(rgb.shape, rng, strength=strength), rng)


def grow_hairs(shape: tuple[int, ...], rng: np.random.Generator, *, strength: float) -> list[Stroke]:
    """Return the hairs alone, so that their cover can be used too; they grow roughly in one direction.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    return some_hairs(shape, rng, count=int(np.ceil(strength * _MOST_HAIRS * rng.uniform(0.6, 1.0))))


def some_hairs(shape: tuple[int, ...], rng: np.random.Generator, *, count: int) -> list[Stroke]:
    """Return `count` hairs; of the same generator state, more hairs are the same ones and others."""
    direction_rad = rng.uniform(0, 2 * np.pi)
    spread_rad = rng.choice([0.25, 0.6, np.pi])
    thickness = rng.uniform(0.75, 1.35)
    return [_one_hair(shape, rng, direction_rad + rng.normal(0, spread_rad), thickness) for _ in range(count)]


def lay_hairs(rgb: UnitRgb, hairs: list[Stroke], rng: np.random.Generator) -> UnitRgb:
    """Draw the shadow of all hairs, then the hairs in two close tones of one colour, darker than the skin."""
    if not hairs:
        return rgb
    scale = length_scale(rgb.shape)
    colour = np.asarray(_COLOURS[rng.choice(len(_COLOURS), p=_COLOUR_ODDS)], np.float32)
    brightest = 0.7 * float(np.median(rgb))
    colour *= min(1.0, brightest / float(colour.mean()))
    shift_px = rng.uniform(0.8, 2.0, size=2) * rng.choice([-1, 1], size=2) * scale
    shadow = draw(rgb.shape, [Stroke(one.points_px + shift_px, one.radii_px) for one in hairs])
    rgb = absorb(rgb, (0.24, 0.28, 0.30), ndimage.gaussian_filter(shadow, 1.1 * scale))
    half = len(hairs) // 2
    for tone, group in ((1.0, hairs[:half]), (1.35, hairs[half:])):
        rgb = blend(rgb, colour * np.float32(tone), 0.9 * draw(rgb.shape, group))
    return rgb


def _one_hair(shape: tuple[int, ...], rng: np.random.Generator, heading_rad: float, thickness: float) -> Stroke:
    height, width = shape[:2]
    scale = length_scale(shape)
    vellus = rng.random() < _VELLUS_SHARE
    length_px = scale * (rng.uniform(14, 40) if vellus else rng.uniform(60, 260))
    middle = (rng.uniform(-0.1, 1.1) * height, rng.uniform(-0.1, 1.1) * width)
    start = (
        middle[0] - 0.5 * length_px * float(np.sin(heading_rad)),
        middle[1] - 0.5 * length_px * float(np.cos(heading_rad)),
    )
    points = curve(start, heading_rad, length_px, bend_rad=rng.normal(0, 0.6), wave_rad=rng.normal(0, 0.12))
    along = np.linspace(0, 1, len(points))
    radius_px = scale * thickness * (rng.uniform(0.3, 0.45) if vellus else rng.uniform(0.45, 0.85))
    return Stroke(points, radius_px * (1 - 0.75 * along**2))
