"""The round field of a contact dermoscope: dark corners, in the extreme a disc on black."""

import numpy as np

from dermaseg_monai.data.artefacts.noise import smooth_step
from dermaseg_monai.data.artefacts.unit_rgb import Field, UnitRgb, length_scale, require_strength


def dark_corners(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Darken what lies outside the scope's round field; 0.3 cuts the tips, 1 leaves a disc.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    return darken_outside(rgb, scope_field(rgb.shape, rng, strength=strength))


def scope_field(shape: tuple[int, ...], rng: np.random.Generator, *, strength: float) -> Field:
    """Return the round field as a cover: 1 where the scope sees, 0 outside.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    height, width = shape[:2]
    if strength == 0:
        return np.ones((height, width), np.float32)
    corner_px, edge_px = float(np.hypot(height, width)) / 2, max(height, width) / 2
    radius_px = corner_px + (0.97 * edge_px - corner_px) * (0.25 + 0.75 * strength)
    away_px, soft_px = _from_middle(shape, rng)
    return 1 - smooth_step(away_px, radius_px - soft_px, radius_px + soft_px)


def scope_field_hiding(shape: tuple[int, ...], rng: np.random.Generator, *, share: float) -> Field:
    """Return the round field that leaves this share of the picture, in [0, 1], outside; 0 hides nothing."""
    away_px, soft_px = _from_middle(shape, rng)
    radius_px = float(np.quantile(away_px, 1 - share))
    return 1 - smooth_step(away_px, radius_px - soft_px, radius_px + soft_px)


def _from_middle(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Field, float]:
    height, width = shape[:2]
    middle = np.array([height, width]) / 2 + rng.normal(0, 0.015 * min(height, width), size=2)
    soft_px = length_scale(shape) * rng.uniform(1.5, 9)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return np.hypot(rows - np.float32(middle[0]), columns - np.float32(middle[1])), soft_px


def darken_outside(rgb: UnitRgb, field: Field) -> UnitRgb:
    """Multiply by the field; the rim turns slightly blue, as the coating of the lens does."""
    rim = 4 * field * (1 - field)
    tinted = rgb * (1 + rim[..., None] * np.array([-0.12, -0.04, 0.10], np.float32))
    floor = np.array([0.012, 0.012, 0.014], np.float32)
    return np.clip(floor + (tinted - floor) * field[..., None], 0, 1).astype(np.float32)
