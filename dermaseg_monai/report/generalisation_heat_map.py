"""The matrix of data sets as a picture: one panel per score, intervals written into the cells."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dermaseg_monai.files import replacing
from dermaseg_monai.report.generalisation_cell import MatrixCell, MatrixRows
from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.palette import FAINT_INK, INK, PAPER

_CELL_IN: Final = 1.65
_NAME_IN: Final = 0.095
_ACROSS: Final = 3
_LONGEST: Final = 26
_MISSING: Final = "#eeeeee"


def save_heat_map(
    path: str | Path, panels: Mapping[str, MatrixRows], names: Sequence[str], *, title: str, note: str
) -> None:
    """Draw one panel per score and write a PNG.

    Args:
        path: of the PNG.
        panels: title of a panel to its cells.
        names: of the data sets, in the order of rows and columns.
        title: of the picture.
        note: below it: what is written in the cells.
    """
    labels = [shown_id(name, _LONGEST) for name in names]
    across = min(_ACROSS, len(panels)) if len(names) <= _ACROSS else 1
    down = -(-len(panels) // across)
    names_in = 0.5 + _NAME_IN * max(map(len, labels))
    width_in = names_in + across * (_CELL_IN * len(names) + 0.25)
    height_in = 1.5 + down * (_CELL_IN * 0.62 * len(names) + 0.85)
    figure = Figure(figsize=(width_in, height_in), dpi=130, facecolor=PAPER, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axis, (name, rows) in zip(grid.flat, panels.items(), strict=False):
        _draw(axis, name, rows, labels)
    for axis in list(grid.flat)[len(panels) :]:
        axis.set_visible(False)
    for axis in grid[:, 0]:
        axis.set_ylabel("trained on", fontsize=10, color=FAINT_INK)
        for tick in axis.get_yticklabels():
            tick.set_parse_math(False)
    figure.suptitle(title, fontsize=13, fontweight="bold", color=INK, parse_math=False)
    figure.supxlabel(note, fontsize=8.5, color=INK)
    with replacing(path) as temporary:
        canvas.print_png(str(temporary))


def _draw(axis: Axes, title: str, rows: MatrixRows, labels: Sequence[str]) -> None:
    count = len(labels)
    axis.set_title(title, fontsize=11, color=INK)
    axis.set_xlim(0, count)
    axis.set_ylim(count, 0)
    axis.set_xticks([at + 0.5 for at in range(count)], labels, fontsize=9, color=INK)
    axis.set_yticks([at + 0.5 for at in range(count)], labels, fontsize=9, color=INK)
    for tick in axis.get_xticklabels():
        tick.set_parse_math(False)
    axis.tick_params(length=0)
    axis.set_xlabel("tested on", fontsize=10, color=FAINT_INK)
    for side in axis.spines.values():
        side.set_visible(False)
    for down, row in enumerate(rows):
        for right, cell in enumerate(row):
            _fill(axis, right, down, cell)


def _fill(axis: Axes, right: int, down: int, cell: MatrixCell | None) -> None:
    colour = _MISSING if cell is None else tuple(part / 255 for part in cell.colour)
    axis.add_patch(Rectangle((right, down), 1, 1, facecolor=colour, edgecolor=PAPER, linewidth=3))
    if cell is None:
        axis.text(right + 0.5, down + 0.5, "not scored", ha="center", va="center", fontsize=9, color=FAINT_INK)
        return
    if cell.own:
        inset = Rectangle((right + 0.03, down + 0.03), 0.94, 0.94, fill=False, edgecolor=cell.ink, linewidth=1.2)
        axis.add_patch(inset)
    lines = [(0.3, f"{cell.mean:.3f}", 15, "bold"), (0.54, cell.interval, 9, "normal")]
    lines += [(0.71, f"{cell.n} images", 8, "normal"), (0.85, cell.remark, 7.5, "normal")]
    for height, words, size, weight in lines:
        axis.text(
            right + 0.5, down + height, words, ha="center", va="center", fontsize=size, fontweight=weight,
            color=cell.ink, parse_math=False,
        )  # fmt: skip
