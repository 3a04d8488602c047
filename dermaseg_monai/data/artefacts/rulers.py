"""Rulers: a millimetre scale engraved on the contact plate, or the edge of a paper tape."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from dermaseg_monai.data.artefacts.noise import smooth_noise
from dermaseg_monai.data.artefacts.strokes import Stroke, draw, line
from dermaseg_monai.data.artefacts.unit_rgb import Field, UnitRgb, blend, length_scale, require_strength

_LETTER_M = ((0, 0), (0, 1), (0.45, 0.5), (0.9, 1), (0.9, 0))
_SEGMENTS = {  # seven-segment figures: (x, y) pairs of the strokes, y upwards
    "1": (((0.6, 0), (0.6, 1)), ((0.3, 0.8), (0.6, 1))),
    "2": (((0, 1), (0.6, 1)), ((0.6, 1), (0.6, 0.5)), ((0.6, 0.5), (0, 0)), ((0, 0), (0.6, 0))),
    "3": (((0, 1), (0.6, 1)), ((0.6, 1), (0.6, 0)), ((0.1, 0.5), (0.6, 0.5)), ((0, 0), (0.6, 0))),
    "4": (((0, 1), (0, 0.45)), ((0, 0.45), (0.6, 0.45)), ((0.6, 1), (0.6, 0))),
}


def ruler(rgb: UnitRgb, rng: np.random.Generator, *, strength: float) -> UnitRgb:
    """Draw a scale with millimetre ticks near one edge; the strength is how dark and opaque it is.

    Raises:
        ValueError: the strength is not in [0, 1].
    """
    require_strength(strength)
    if strength == 0:
        return rgb
    return _tape(rgb, rng, strength) if rng.random() < 0.35 else _engraved(rgb, rng, strength)  # noqa: PLR2004


def ruler_reaching(rgb: UnitRgb, rng: np.random.Generator, *, reach: float) -> UnitRgb:
    """Draw a dark scale, or lay a paper tape, that reaches in from one edge by this share of the shorter side."""
    draw_one = _tape if rng.random() < 0.5 else _engraved  # noqa: PLR2004
    return draw_one(rgb, rng, 1.0, reach)


def _engraved(rgb: UnitRgb, rng: np.random.Generator, strength: float, reach: float | None = None) -> UnitRgb:
    height, width = rgb.shape[:2]
    scale = length_scale(rgb.shape)
    tick_px = scale * rng.uniform(7, 12)
    upright = rng.random() < 0.25  # noqa: PLR2004
    turn_rad = rng.normal(0, 0.12) + (np.pi / 2 if upright else 0)
    edge = rng.uniform(0.07, 0.14)
    if reach is not None:
        edge = reach * min(height, width) / (width if upright else height)
    middle = (height * (1 - edge), width * rng.uniform(0.4, 0.6))
    if upright:
        middle = (height * rng.uniform(0.45, 0.55), width * (1 - edge))
    ticks = 10
    strokes = _scale_bar(middle, turn_rad, tick_px, ticks, scale)
    colour = (0.08, 0.08, 0.09) if rng.random() < 0.8 else (0.45, 0.45, 0.46)  # noqa: PLR2004
    return blend(rgb, colour, (0.35 + 0.6 * strength) * draw(rgb.shape, strokes))


def _scale_bar(middle: tuple[float, float], turn_rad: float, tick_px: float, ticks: int, scale: float) -> list[Stroke]:
    across = np.array([np.sin(turn_rad), np.cos(turn_rad)])  # along the bar, (row, column)
    up = np.array([-np.cos(turn_rad), np.sin(turn_rad)])
    origin = np.asarray(middle) - across * tick_px * ticks / 2
    thin_px = 0.5 * scale

    def at(along_px: float, up_px: float) -> tuple[float, float]:
        point = origin + across * along_px + up * up_px
        return float(point[0]), float(point[1])

    strokes = [line(at(0.0, 0.0), at(ticks * tick_px, 0.0), thin_px)]
    for tick in range(ticks + 1):
        long = 7.0 if tick % 5 == 0 else 4.0
        strokes.append(line(at(tick * tick_px, 0.0), at(tick * tick_px, long * scale), thin_px))
    letter_px = 5.0 * scale
    for letter in range(2):
        corners = [at((letter * 1.3 + x) * letter_px, (y - 1.6) * letter_px) for x, y in _LETTER_M]
        strokes += [line(a, b, thin_px) for a, b in pairwise(corners)]
    return strokes


def _tape(rgb: UnitRgb, rng: np.random.Generator, strength: float, reach: float | None = None) -> UnitRgb:
    turns = int(rng.integers(4))
    turned = np.ascontiguousarray(np.rot90(rgb, turns))
    height, width = turned.shape[:2]
    scale = length_scale(turned.shape)
    depth_px = scale * rng.uniform(12, 22)
    if reach is not None:
        depth_px = reach * min(height, width)
    slope = rng.normal(0, 0.04)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    below: Field = rows - (height - depth_px) - np.float32(slope) * (columns - width / 2)
    paper = np.clip(below + 0.5, 0, 1)
    shade = (0.93 + 0.02 * smooth_noise((height, width), 6 * scale, rng))[..., None]
    paper_colour = shade * np.array([1.0, 0.99, 0.96], np.float32)
    turned = blend(turned, turned * np.float32(0.75), np.clip(1 + below / (3 * scale), 0, 1) * (1 - paper))
    turned = blend(turned, paper_colour, (0.5 + 0.5 * strength) * paper)
    tick_px = scale * rng.uniform(7, 12)
    offset_px = rng.uniform(0, tick_px)
    ink = _tape_ticks(width, lambda x: height - depth_px + slope * (x - width / 2), tick_px, offset_px, scale)
    turned = blend(turned, (0.07, 0.07, 0.08), 0.9 * draw(turned.shape, ink))
    return np.ascontiguousarray(np.rot90(turned, -turns))


def _tape_ticks(
    width: int, edge_row: Callable[[float], float], tick_px: float, offset_px: float, scale: float
) -> list[Stroke]:
    strokes: list[Stroke] = []
    for tick in range(int((width - offset_px) / tick_px) + 1):
        column = offset_px + tick * tick_px
        row = edge_row(column)
        long_px = (8.0 if tick % 5 == 0 else 4.5) * scale
        strokes.append(line((row, column), (row + long_px, column), 0.6 * scale))
        figure = _SEGMENTS.get(str(tick // 10 + 1)) if tick % 10 == 0 else None
        for (x0, y0), (x1, y1) in figure or ():
            low, left, size = row + 14 * scale, column + 2 * scale, 6 * scale
            strokes.append(line((low - y0 * size, left + x0 * size), (low - y1 * size, left + x1 * size), 0.5 * scale))
    return strokes
