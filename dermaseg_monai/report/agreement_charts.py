"""Charts of an agreement study as SVG: how Dice is spread, and who draws tight or loose."""

from io import BytesIO
from typing import Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.palette import FAINT_INK, INK, PAPER

CALM: Final = "#0072b2"
ALARM: Final = "#d55e00"
_BINS: Final = 40


def draw_dice(dice: Float[np.ndarray, " n"], *, below_dice: float) -> bytes:
    """Return the histogram of the pairs, those below the flag in another colour."""
    figure = Figure(figsize=(6.4, 2.4), facecolor=PAPER)
    axis = figure.add_axes((0.1, 0.2, 0.87, 0.74))
    edges = np.unique(np.concatenate([np.linspace(0, 1, _BINS + 1), [below_dice]]))
    counts, _ = np.histogram(dice, edges)
    colours = [ALARM if right <= below_dice else CALM for right in edges[1:]]
    axis.bar(edges[:-1], counts, np.diff(edges), align="edge", color=colours, edgecolor=PAPER, linewidth=0.4)
    axis.axvline(below_dice, color=INK, linewidth=1, linestyle="--")
    axis.axvline(float(np.median(dice)), color=INK, linewidth=1)
    axis.set_xlim(0, 1)
    axis.set_xlabel("Dice of a pair (dashed: flagged below; solid: median)", fontsize=9, color=INK)
    axis.set_ylabel("pairs", fontsize=9, color=INK)
    return figure_svg(figure, axis)


def draw_bias(bias: pd.DataFrame) -> bytes:
    """Return the mean offset of every annotator with its interval, tight to the left, loose to the right."""
    height = 0.85 + 0.3 * len(bias)
    figure = Figure(figsize=(6.4, height), facecolor=PAPER)
    axis = figure.add_axes((0.26, 0.55 / height, 0.71, 1 - 0.65 / height))
    rows = bias.sort_values("offset_percent").reset_index(drop=True)
    axis.axvline(0, color=INK, linewidth=1, linestyle="--")
    for place, row in enumerate(rows.to_dict("records")):
        strong = str(row["verdict"]) in {"tight", "loose"}
        colour = ALARM if strong else CALM
        if not pd.isna(row["offset_percent_low"]):
            axis.plot(
                [row["offset_percent_low"], row["offset_percent_high"]], [place, place], color=colour, linewidth=2.4
            )
        axis.plot([row["offset_percent"]], [place], "D" if strong else "o", color=colour, markersize=6)
    labels = axis.set_yticks(range(len(rows)), [shown_id(str(name), 22) for name in rows["annotator"]])
    for label in labels:
        label.label1.set_parse_math(False)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel("tighter  ←  offset, % of the lesion's diameter  →  looser", fontsize=9, color=INK)
    return figure_svg(figure, axis)


def plain(axis: Axes) -> None:
    """Leave two sides of the frame, with small figures."""
    axis.tick_params(labelsize=8, colors=FAINT_INK, length=2)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def figure_svg(figure: Figure, axis: Axes | None = None) -> bytes:
    """Return the figure, its one axis made `plain` where it is given; the same figure gives the same bytes."""
    if axis is not None:
        plain(axis)
    held = BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dermaseg", "font.family": ["sans-serif"]}):
        FigureCanvasSVG(figure).print_svg(held, metadata={"Date": None})
    return held.getvalue()
