"""Thin drawn things: a row of discs close to each other, with smooth edges."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dermaseg_monai.data.artefacts.unit_rgb import Field

STEP_PX = 0.5
"""Distance between two discs of one stroke: close enough that the edge looks straight."""


@dataclass(frozen=True)
class Stroke:
    """Centres (row, column) and radii of the discs, in pixels."""

    points_px: Float[np.ndarray, "n 2"]
    radii_px: Float[np.ndarray, " n"]


def line(start: tuple[float, float], end: tuple[float, float], radius_px: float) -> Stroke:
    """Return a straight stroke of constant width between two (row, column) points."""
    length_px = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    along = np.linspace(0, 1, max(2, int(length_px / STEP_PX) + 1))[:, None]
    points = np.asarray(start) * (1 - along) + np.asarray(end) * along
    return Stroke(points, np.full(len(points), radius_px))


def curve(
    start: tuple[float, float], heading_rad: float, length_px: float, *, bend_rad: float, wave_rad: float
) -> Float[np.ndarray, "n 2"]:
    """Return the points of a curve that turns by `bend_rad` over its length and sways by `wave_rad` once."""
    count = max(2, int(length_px / STEP_PX))
    along = np.linspace(0, 1, count)
    heading = heading_rad + bend_rad * along + wave_rad * np.sin(2 * np.pi * along)
    steps = STEP_PX * np.stack([np.sin(heading), np.cos(heading)], axis=1)
    return np.asarray(start) + np.cumsum(steps, axis=0)


def draw(shape: tuple[int, ...], strokes: list[Stroke]) -> Field:
    """Return the cover of the strokes, in [0, 1]: 1 inside, a ramp of one pixel at the edge. Empty list: zeros."""
    height, width = shape[:2]
    cover = np.zeros(height * width, np.float32)
    for stroke in strokes:  # one at a time: a dense growth of hair in one piece takes gigabytes
        if len(stroke.points_px):
            _lay(cover, (height, width), stroke)
    return cover.reshape(height, width)


def _lay(cover: Float[np.ndarray, " pixels"], shape: tuple[int, int], stroke: Stroke) -> None:
    height, width = shape
    points, radii = stroke.points_px.astype(np.float32), stroke.radii_px.astype(np.float32)
    reach = int(np.ceil(radii.max() + 1))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    cell = np.round(points).astype(np.int64)
    away_px = np.hypot(
        cell[:, :1] + rows - points[:, :1],
        cell[:, 1:] + columns - points[:, 1:],
    )
    value = np.clip(radii[:, None] + 0.5 - away_px, 0, 1) * np.minimum(1, 2 * radii[:, None])
    at_row, at_column = cell[:, :1] + rows, cell[:, 1:] + columns
    seen = (value > 0) & (at_row >= 0) & (at_row < height) & (at_column >= 0) & (at_column < width)
    np.maximum.at(cover, (at_row * width + at_column)[seen], value[seen].astype(np.float32))
