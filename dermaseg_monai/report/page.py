"""A white page measured in pixels, on which text and pictures are placed from the top left."""

import textwrap
import warnings
from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from dermaseg_monai.report.palette import FAINT_INK, INCH_PX, INK, PAPER

Sheet = UInt8[np.ndarray, "sheet_h sheet_w 3"]
"""A finished picture."""

LEGEND_PX: Final = 190
"""What the longest entry of a legend takes."""

_LONGEST: Final = 60


class Page:
    """A figure of its own (pyplot's global ones are not touched); lengths in px, y downwards."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.width_px, self.height_px = width_px, height_px
        self.figure = Figure(figsize=(width_px / INCH_PX, height_px / INCH_PX), dpi=INCH_PX, facecolor=PAPER)

    def axes(self, left: int, top: int, width: int, height: int) -> Axes:
        """Return axes that fill this rectangle."""
        bottom = self.height_px - top - height
        rectangle = (left / self.width_px, bottom / self.height_px, width / self.width_px, height / self.height_px)
        return self.figure.add_axes(rectangle)

    def text(
        self,
        left: int,
        top: int,
        words: str,
        *,
        size_pt: float = 10.0,
        bold: bool = False,
        faint: bool = False,
        ha: str = "left",
    ) -> Text:
        """Write words as they are: an id that looks like a formula is no formula."""
        return self.figure.text(
            left / self.width_px,
            1 - top / self.height_px,
            words,
            fontsize=size_pt,
            fontweight="bold" if bold else "normal",
            color=FAINT_INK if faint else INK,
            va="top",
            ha=ha,
            parse_math=False,
        )

    def legend(self, left: int, top: int, handles: Sequence[Line2D | Patch], *, per_row: int) -> None:
        """Write what lines and areas mean, rows of 22 px."""
        legend = self.figure.legend(
            handles=list(handles),
            loc="upper left",
            bbox_to_anchor=(left / self.width_px, 1 - top / self.height_px),
            ncols=per_row,
            fontsize=10,
            labelcolor=INK,
            handlelength=2.6,
            columnspacing=1.4,
            borderpad=0,
            borderaxespad=0,
            labelspacing=0.55,
            frameon=False,
        )
        legend.set_in_layout(False)
        for text in legend.get_texts():  # a reader may be called $\frac$
            text.set_parse_math(False)

    def scale(self, left: int, top: int, width: int, colours: str) -> None:
        """Draw a colour scale from 0 to 1, 8 px high with the figures below it."""
        axis = self.axes(left, top, width, 8)
        scale = self.figure.colorbar(ScalarMappable(Normalize(0, 1), colours), cax=axis, orientation="horizontal")
        scale.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
        axis.tick_params(labelsize=8, length=2, pad=1, colors=INK)
        scale.outline.set_visible(False)  # pyright: ignore[reportCallIssue]

    def render(self) -> Sheet:
        """Return the pixels."""
        canvas = FigureCanvasAgg(self.figure)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # ids come in any script
            canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def wrapped(words: str, width_px: int, *, size_pt: float) -> list[str]:
    """Return lines of a text that fit into a width; the letters of DejaVu Sans are about 0.6 of their size wide."""
    letter_px = 0.62 * size_pt * INCH_PX / 72
    return textwrap.wrap(words, max(12, int(width_px / letter_px)), break_on_hyphens=False)


def shown_id(case_id: str, longest: int = _LONGEST) -> str:
    """Return a case id for a title: on one line, without control characters, cut when it is long."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in case_id)
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
