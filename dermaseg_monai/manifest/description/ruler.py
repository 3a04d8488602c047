"""Rulers: many dark marks at equal distances along a line."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.manifest.description.filters import Field, Grid, autocorrelation, summed_rows

RULER_FROM: Final = 0.13
"""A score above this counts as a ruler: chosen by looking at 200 images of ISIC 2018."""

_LEAST_DEPTH: Final = 14.0
_MOST_DEPTH: Final = 60.0
_SLOPES: Final = np.linspace(-0.21, 0.21, 7)
_STEP_PX: Final = 4
_TALL_PX: Final = 5
_FAINT: Final = 20.0
_SPACINGS_PX: Final = np.arange(5, 21.5, 0.5)
_REACH_PX: Final = 90
_ZONE_PX: Final = 9


@dataclass(frozen=True)
class Ruler:
    """The score in [0, 1] and the strip of the picture (9 px to either side of the line) it was found in."""

    score: float
    zone: Grid


def find_ruler(depth: Float32[np.ndarray, "h w"], beside: Grid) -> Ruler:
    """Return how regular the dark marks along the most regular line beside the lesion are.

    Lines within 12 degrees of level or upright are searched every 4 px. Along each, the autocorrelation of the depth
    of dark lines is taken; the score is the lowest of its values at 1, 2, 3 and 4 spacings minus the highest value
    half-way between them, for the best spacing of 5 to 21 px (2 to 8 % of the shorter side), over the value at 0. A
    perfect ruler across the whole picture tends to 1, hairs and skin stay near 0. Steeper rulers are missed.
    """
    marks = (np.clip(depth - _LEAST_DEPTH, 0, _MOST_DEPTH) * beside).astype(np.float32)
    score, upright, line = 0.0, False, np.zeros(1, dtype=np.intp)
    for turned in (False, True):
        along: Field = marks.T if turned else marks
        tall = summed_rows(along, _TALL_PX)
        for slope in _SLOPES:
            found, best = _along(tall, float(slope))
            if found > score:
                score, upright, line = found, turned, best
    zone = np.zeros_like(beside)
    if score > 0:
        side = zone.T if upright else zone
        away = np.abs(np.arange(len(side))[:, None] - line[None])
        side[away <= _ZONE_PX] = True
    return Ruler(min(1.0, score), zone)


def _along(tall: Float32[np.ndarray, "rows columns"], slope: float) -> tuple[float, np.ndarray]:
    """Return the best score of all lines with this slope, and the row of that line in every column."""
    height, width = int(tall.shape[0]), int(tall.shape[1])
    starts = np.arange(0, height, _STEP_PX)[:, None]
    rows = starts + np.rint(slope * (np.arange(width) - width / 2)).astype(np.intp)[None]
    inside = (rows >= 0) & (rows < height)
    lines = tall[np.clip(rows, 0, height - 1), np.arange(width)] * inside
    busy = np.flatnonzero(np.count_nonzero(lines, axis=1) >= 5)  # noqa: PLR2004 (five marks are the fewest scored)
    if not len(busy):
        return 0.0, rows[0]
    scores = _regularity(lines[busy])
    return float(scores.max()), rows[busy[int(scores.argmax())]]


def _regularity(lines: Float32[np.ndarray, "n columns"]) -> Float32[np.ndarray, " n"]:
    width = lines.shape[1]
    similar = autocorrelation(lines, _REACH_PX)
    similar = similar / (similar[:, :1] + np.float32(_FAINT * width))
    best = np.zeros(len(lines), np.float32)
    for spacing in _SPACINGS_PX:
        peaks = np.minimum.reduce([_at(similar, spacing * k) for k in (1, 2, 3, 4)])
        gaps = np.maximum.reduce([similar[:, round(spacing * k)] for k in (0.5, 1.5, 2.5, 3.5)])
        np.maximum(best, peaks - gaps, out=best)
    return best


def _at(similar: np.ndarray, lag_px: float) -> np.ndarray:
    low = int(lag_px)
    return similar[:, low] if low == lag_px else np.maximum(similar[:, low], similar[:, low + 1])
