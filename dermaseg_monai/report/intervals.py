"""Means with their intervals, one panel per score, one row per setting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dermaseg_monai.files import replacing

_INK: Final = "#222222"
_FAINT: Final = "#9a9a9a"
_MARK: Final = "#0072b2"
_STRONG: Final = "#d55e00"
"""Blue and vermilion of Okabe and Ito, apart for colour-blind eyes."""
_ACROSS: Final = 3
_LONGEST: Final = 60


@dataclass(frozen=True)
class IntervalRow:
    """One row: a mean, the interval around it (None where there is none), single points, and whether it stands out."""

    label: str
    mean: float
    low: float | None
    high: float | None
    points: tuple[float, ...] = ()
    strong: bool = False


def save_intervals(
    path: str | Path, panels: Mapping[str, Sequence[IntervalRow]], *, title: str, note: str, zero: bool
) -> None:
    """Draw one panel per score and write a PNG.

    Args:
        path: of the PNG.
        panels: title of a panel to its rows; every panel has the same labels in the same order.
        title: of the picture.
        note: below it: what is drawn.
        zero: draw a line at 0, for differences.
    """
    rows = len(next(iter(panels.values())))
    labels = [_short(row.label) for row in next(iter(panels.values()))]
    across = min(_ACROSS, len(panels))
    down = -(-len(panels) // across)
    names_in = 0.3 + 0.085 * max(map(len, labels))
    width_in, height_in = names_in + 3.1 * across, 1.3 + down * (0.75 + 0.3 * rows)
    figure = Figure(figsize=(width_in, height_in), dpi=120, facecolor="white", layout="constrained")
    canvas = FigureCanvasAgg(figure)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axis, (name, found) in zip(grid.flat, panels.items(), strict=False):
        _draw(axis, name, found, zero=zero)
    for axis in list(grid.flat)[len(panels) :]:
        axis.set_visible(False)
    for axis in grid[:, 0]:
        axis.set_yticks(range(rows), labels)
        axis.set_ylim(rows - 0.4, -0.6)
        for text in axis.get_yticklabels():  # names of settings and evaluations are a user's: $ is a $
            text.set_parse_math(False)
    for axis in grid[:, 1:].flat:
        axis.tick_params(axis="y", length=0)
    figure.suptitle(title, fontsize=13, fontweight="bold", color=_INK, parse_math=False)
    figure.supxlabel(note, fontsize=8.5, color=_INK, parse_math=False)
    with replacing(path) as temporary:
        canvas.print_png(str(temporary))


def _draw(axis: Axes, name: str, rows: Sequence[IntervalRow], *, zero: bool) -> None:
    axis.set_title(name, fontsize=10.5, color=_INK, parse_math=False)
    if zero:
        axis.axvline(0, color=_INK, linewidth=0.9, linestyle="--")
    for at, row in enumerate(rows):
        colour = _STRONG if row.strong else _MARK
        if row.low is not None and row.high is not None:
            axis.plot([row.low, row.high], [at, at], color=colour, linewidth=2.2, solid_capstyle="round")
        axis.plot(row.points, [at + 0.22] * len(row.points), ".", color=_FAINT, markersize=5)
        axis.plot([row.mean], [at], "D" if row.strong else "o", color=colour, markersize=6)
    axis.grid(visible=True, axis="x", color="#e4e4e4", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axis.tick_params(labelsize=8.5, colors=_INK, length=2)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
