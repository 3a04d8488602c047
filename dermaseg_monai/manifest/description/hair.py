"""Dark lines, and which of them run as hairs do."""

from typing import Final

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.manifest.description.filters import Grid, closed
from dermaseg_monai.manifest.description.sample import Sample

_WIDEST_PX: Final = 9
_LEAST_DEPTH: Final = 14.0
_LINE_PX: Final = 23
_DIRECTIONS: Final = 16

Offsets = list[tuple[int, int]]


def dark_lines(sample: Sample) -> Float32[np.ndarray, "h w"]:
    """Return how much darker each pixel is than what a closing of 9 px makes of it (black top-hat of the luma)."""
    return closed(sample.luma, _WIDEST_PX) - sample.luma


def hair_mask(depth: Float32[np.ndarray, "h w"]) -> Grid:
    """Return the pixels of dark lines that run straight for 9 % of the shorter side in one of 16 directions.

    A line is at most 9 px wide (3.5 % of the shorter side) and 14 of 255 levels darker than its surroundings. The
    meshes of a pigment network are shorter. Light hairs are missed; rulers and straight vessels are taken along.

    Source: the closing of Lee et al. 1997, doi:10.1016/S0010-4825(97)00020-6 (DullRazor), then an opening by lines.
    """
    dark = depth > _LEAST_DEPTH
    found = np.zeros_like(dark)
    for line in _LINES:
        found |= _dilated(_eroded(dark, line), line)
    return found


def _line(angle_rad: float) -> Offsets:
    steps = np.arange(-(_LINE_PX // 2), _LINE_PX // 2 + 1)
    points = np.rint(np.outer(steps, [np.sin(angle_rad), np.cos(angle_rad)])).astype(int)
    return sorted({(int(row), int(column)) for row, column in points})


_LINES: Final = tuple(_line(np.pi * at / _DIRECTIONS) for at in range(_DIRECTIONS))


def _eroded(mask: Grid, offsets: Offsets) -> Grid:
    reach = _LINE_PX // 2
    framed = np.pad(mask, reach)
    height, width = mask.shape
    kept = mask.copy()
    for row, column in offsets:
        kept &= framed[reach + row : reach + row + height, reach + column : reach + column + width]
    return kept


def _dilated(mask: Grid, offsets: Offsets) -> Grid:
    rows, columns = np.nonzero(mask)
    grown = np.zeros_like(mask)
    for row, column in offsets:  # what an erosion with zeros outside has left never reaches beyond the edge
        grown[rows + row, columns + column] = True
    return grown
