"""Scores over the strength of an artefact, one small panel per stressor."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dermaseg_monai.assurance import Curve, Estimate
from dermaseg_monai.report.page import Page, Sheet
from dermaseg_monai.report.palette import INK

LINES: Final = {
    "dice": ("Dice", "#0072b2", "o"),
    "jaccard": ("Jaccard", "#009e73", "s"),
    "threshold_jaccard": ("threshold Jaccard", "#d55e00", "D"),
}
"""Blue, green and vermilion of Okabe and Ito, apart for colour-blind eyes; the marks differ too."""

_ACROSS: Final = 4
_CELL_PX: Final = (300, 250)
_HEAD_PX: Final = 78
_LEFT_PX: Final = 46


def draw_stress_curves(curves: Sequence[Curve], *, title: str, confidence: float) -> Sheet:
    """Return a panel per stressor: means with their intervals from undisturbed to the strongest level.

    The levels stand at equal distances, in the stressor's own unit; all panels share the scale of the scores, which
    begins at 0 only where a curve falls that far.
    """
    across = min(_ACROSS, len(curves))
    down = -(-len(curves) // across)
    width, height = _CELL_PX
    page = Page(max(across * width + 20, 640), _HEAD_PX + down * height + 8)
    page.text(14, 10, title, size_pt=13.0, bold=True)
    handles = [Line2D([], [], color=colour, marker=mark, label=name) for name, colour, mark in LINES.values()]
    page.legend(14, 38, handles, per_row=len(handles))
    page.text(14 + 480, 38, f"bands: {100 * confidence:g} % intervals", size_pt=9.0, faint=True)
    floor = _floor(curves)
    for at, curve in enumerate(curves):
        left, top = _LEFT_PX + at % across * width, _HEAD_PX + at // across * height
        page.text(left, top, title_of(curve.stressor), size_pt=11.0, bold=True)
        axis = page.axes(left, top + 24, width - _LEFT_PX - 8, height - 84)
        _draw(axis, curve, floor)
    return page.render()


def title_of(stressor: str) -> str:
    """Return the name of a stressor as it stands in a title or a sentence."""
    return "JPEG" if stressor == "jpeg" else stressor.replace("_", " ")


def strength(unit: str, level: float) -> str:
    """Return a level with its unit, which may be a formula: `100 - JPEG quality: 95`."""
    return f"{unit}: {level:g}"


def _draw(axis: Axes, curve: Curve, floor: float) -> None:
    places = range(len(curve.points) + 1)
    for score, (_, colour, mark) in LINES.items():
        found = [curve.undisturbed[score], *(point.scores[score] for point in curve.points)]
        axis.plot(places, [one.mean for one in found], color=colour, marker=mark, markersize=4, linewidth=1.8)
        bounds = [_bounds(one) for one in found]
        axis.fill_between(places, [low for low, _ in bounds], [high for _, high in bounds], color=colour, alpha=0.14)
    axis.set_ylim(floor, 1.0)
    axis.set_xticks(places, ["none", *(f"{point.level:g}" for point in curve.points)])
    axis.set_xlabel(curve.unit, fontsize=8.5, color=INK, parse_math=False)
    axis.grid(visible=True, axis="y", color="#e4e4e4", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=8.5, colors=INK, length=2)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _bounds(one: Estimate) -> tuple[float, float]:
    return (one.mean if one.low is None else one.low, one.mean if one.high is None else one.high)


def _floor(curves: Sequence[Curve]) -> float:
    lows = [
        _bounds(one)[0]
        for curve in curves
        for scores in (curve.undisturbed, *(point.scores for point in curve.points))
        for one in scores.values()
    ]
    return max(0.0, int(min(lows) * 10 - 1e-9) / 10)
