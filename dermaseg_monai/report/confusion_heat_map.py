"""The confusion matrix over all pixels as a picture."""

from typing import Final

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dermaseg_monai.metrics import PooledScores
from dermaseg_monai.report.page import Page, Sheet
from dermaseg_monai.report.palette import INK, NOTICE, PAPER

_CELL_PX: Final = 190
_LEFT_PX: Final = 150
_TOP_PX: Final = 130
_WIDTH_PX: Final = _LEFT_PX + 2 * _CELL_PX + 40
_DARK: Final = 0.55
_WORDS: Final = (("found", "missed"), ("too much", "rightly left out"))


class ConfusionHeatMap:
    """Draws the four cells: pixels, and their share of the row, which is also the colour.

    Rows are the reference, columns the prediction. Shares are of the row because skin takes most of a photograph: by
    its share of all pixels, a half-missed lesion would look like nothing.

    Args:
        title: of the picture.
    """

    def __init__(self, title: str = "Pixels of all images") -> None:
        self.title = title

    def __call__(self, pooled: PooledScores) -> Sheet:
        """Return the picture."""
        page = Page(_WIDTH_PX, _TOP_PX + 2 * _CELL_PX + 120)
        page.text(20, 14, self.title, size_pt=14.0, bold=True)
        page.text(20, 42, f"{pooled.n} images, {pooled.counts.total:,} px", faint=True)
        page.text(_LEFT_PX + _CELL_PX, 74, "prediction", ha="center", faint=True)
        for column, name in enumerate(("lesion", "skin")):
            page.text(_LEFT_PX + _CELL_PX * column + _CELL_PX // 2, 98, name, size_pt=12.0, ha="center")
        for row, name in enumerate(("lesion", "skin")):
            middle = _TOP_PX + _CELL_PX * row + _CELL_PX // 2
            page.text(_LEFT_PX - 14, middle - 10, name, size_pt=12.0, ha="right")
            page.text(_LEFT_PX - 14, middle + 12, "in the reference", size_pt=9.0, ha="right", faint=True)
        _cells(page.axes(_LEFT_PX, _TOP_PX, 2 * _CELL_PX, 2 * _CELL_PX), pooled)
        bottom = _TOP_PX + 2 * _CELL_PX
        first, second = (
            "     ".join(f"{name} {pooled.scores[key]:.4f}" for name, key in pairs)
            for pairs in ((("accuracy", "accuracy"), ("F1", "f1")), (("precision", "precision"), ("recall", "recall")))
        )
        page.text(20, bottom + 16, f"{first}     {second}", size_pt=10.5)
        page.text(
            20, bottom + 44, "Colour and percentage: share of the row. All pixels pooled.", size_pt=9.0, faint=True
        )
        page.text(20, bottom + 64, NOTICE.replace(". Not", ".\nNot"), size_pt=9.0, faint=True)
        return page.render()


def _cells(axis: Axes, pooled: PooledScores) -> None:
    counted = pooled.counts
    cells = np.array([[counted.tp, counted.fn], [counted.fp, counted.tn]])
    shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    axis.set_xlim(0, 2)
    axis.set_ylim(2, 0)
    axis.axis("off")
    for row in range(2):
        for column in range(2):
            share = float(shares[row, column])
            colour = colormaps["Blues"](0.08 + 0.85 * share)
            axis.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor=PAPER, linewidth=3))
            lines = ((0.36, f"{100 * share:.1f} %", 17), (0.56, f"{cells[row, column]:,} px", 10))
            for height, words, size_pt in (*lines, (0.72, _WORDS[row][column], 10)):
                axis.text(
                    column + 0.5,
                    row + height,
                    words,
                    ha="center",
                    va="center",
                    fontsize=size_pt,
                    color=PAPER if share > _DARK else INK,
                )
