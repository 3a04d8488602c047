"""Whose hand changes over time, as SVG: a row per reader, the same axes for all."""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure

from dermaseg_monai.images import Rgb, hex_of
from dermaseg_monai.manifest.moment import read_moment
from dermaseg_monai.report.agreement_charts import ALARM, CALM, figure_svg, plain
from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.palette import INK, PAPER

MOST_READERS: Final = 12
_MEASURES: Final = {"offset_percent": "Offset, % of the lesion's diameter", "dice_consensus": "Dice with the others"}
_ROW_INCH: Final = 1.15
_FRAME_INCH: Final = 0.75
_WIDTH_INCH: Final = 8.6
_FEW_DAYS: Final = 4


def draw_drift(drift: pd.DataFrame, *, moved: Collection[str], colours: Mapping[str, Rgb]) -> bytes:
    """Return EWMA charts with control limits, a row per annotator and a column per measure, twelve rows at most.

    All charts share the axis of dates, those of a measure the other axis too, so that rows can be compared.

    Args:
        drift: the charts in long form (`DRIFT_COLUMNS`).
        moved: whose alarms are marked; they come first.
        colours: of the annotators, shown beside their names.
    """
    people = sorted({str(name) for name in drift["annotator"]}, key=lambda name: (name not in moved, name))
    people = people[:MOST_READERS]
    names = [name for name in _MEASURES if name in set(drift["measure"])]
    height = _ROW_INCH * len(people) + _FRAME_INCH
    figure = Figure(figsize=(_WIDTH_INCH, height), facecolor=PAPER, layout="constrained")
    grid = figure.subplots(len(people), len(names), sharex=True, sharey="col", squeeze=False)
    days = _days(drift)
    for row, who in zip(grid, people, strict=True):
        _draw_name(row[0], who, colours.get(who), moved=who in moved)
        for axis, measure in zip(row, names, strict=True):
            chosen = (drift["annotator"].astype(str) == who) & (drift["measure"] == measure)
            _draw_chart(axis, pd.DataFrame(drift[chosen]), days[chosen.to_numpy()], marked=who in moved)
    for axis, measure in zip(grid[0], names, strict=True):
        axis.set_title(_MEASURES[measure], fontsize=9, color=INK)
    form = "%Y-%m-%d" if np.ptp(days) > _FEW_DAYS else "%Y-%m-%d\n%H:%M"
    grid[0][0].xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=4))
    grid[0][0].xaxis.set_major_formatter(DateFormatter(form))
    return figure_svg(figure)


def _draw_name(axis: Axes, who: str, colour: Rgb | None, *, moved: bool) -> None:
    words = shown_id(who, 22) + ("\nmoved" if moved else "")
    weight = "bold" if moved else "normal"
    label = axis.set_ylabel(words, fontsize=9, color=INK, rotation=0, ha="right", va="center", labelpad=16)
    label.set_parse_math(False)
    label.set_fontweight(weight)
    if colour is not None:
        label.set_bbox({"facecolor": "none", "edgecolor": hex_of(colour), "linewidth": 2.5, "pad": 3})


def _draw_chart(axis: Axes, rows: pd.DataFrame, days: np.ndarray, *, marked: bool) -> None:
    axis.fill_between(days, rows["low"], rows["high"], color="#e8e8e8", linewidth=0)
    axis.plot(days, rows["value"], ".", color="#b5b5b5", markersize=3)
    axis.plot(days, rows["ewma"], color=CALM, linewidth=1.6)
    if marked:
        out = rows["out"].astype(str).str.lower().to_numpy() == "true"
        axis.plot(days[out], rows["ewma"][out], "o", color=ALARM, markersize=4)
    plain(axis)


def _days(drift: pd.DataFrame) -> np.ndarray:
    """Return where each outline lies on the axis of dates; those of one chart and date are spread over its day."""
    texts = drift["created_at"].astype(str)
    moments = {text: read_moment(text) for text in texts.unique()}
    first = np.array([np.nan if moments[text] is None else date2num(moments[text]) for text in texts])
    alike = drift.assign(day=texts).groupby(["annotator", "measure", "day"])
    return first + (alike.cumcount() / alike["day"].transform("size")).to_numpy()
