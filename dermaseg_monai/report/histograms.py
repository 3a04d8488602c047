"""Histograms of numbers and bars of categories as SVG inside a page, one colour per group."""

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from dermaseg_monai.report.palette import FAINT_INK, INK, PAPER
from dermaseg_monai.report.value_points import FEWEST, draw_points

GROUP_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Blue, vermilion, green and purple of Okabe and Ito; lines of a group also have their own dashes."""

_DASHES: Final = ("-", "--", "-.", ":")
_BINS: Final = 40
_INCHES: Final = (4.4, 2.0)
_MOST_BARS: Final = 12
_LONGEST: Final = 26


def draw_histogram(groups: Mapping[str, np.ndarray], unit: str) -> bytes | None:
    """Return an SVG of the share of each group per bin between the 0.5th and 99.5th percentile; None without values.

    What lies outside stands in the first and last bin. Groups of fewer than 30 values are points, below the bins of
    larger ones where there are any.
    """
    known = [values[np.isfinite(values)] for values in groups.values()]
    few = [(values, GROUP_COLOURS[at % 4]) for at, values in enumerate(known) if 0 < len(values) < FEWEST]
    many = [(values, at) for at, values in enumerate(known) if len(values) >= FEWEST]
    if not few and not many:
        return None
    figure = Figure(figsize=_INCHES, facecolor=PAPER)
    # the layout engine would take three times as long
    points = figure.add_axes((0.13, 0.23, 0.84, 0.2 if many else 0.72)) if few else None
    bins = (
        figure.add_axes((0.13, 0.45, 0.84, 0.5) if few else (0.13, 0.23, 0.84, 0.72), sharex=points) if many else None
    )
    if bins is not None:
        _draw_bins(bins, many)
    if points is not None:
        draw_points(points, few)
    if points is not None and bins is not None:
        _plain(bins)
        bins.tick_params(labelbottom=False)
    lowest = points or bins
    assert lowest is not None, "some group has values"  # noqa: S101
    lowest.set_xlabel(unit or "value", fontsize=9, color=INK)
    return _svg(figure, lowest)


def _draw_bins(axis: Axes, many: Sequence[tuple[np.ndarray, int]]) -> None:
    """Draw groups, each with its place among all of them."""
    low, high = np.quantile(np.concatenate([values for values, _ in many]), [0.005, 0.995])
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    for values, at in many:
        shares = np.histogram(np.clip(values, low, high), edges)[0] / len(values) * 100
        axis.stairs(shares, edges, color=GROUP_COLOURS[at % 4], linestyle=_DASHES[at % 4], linewidth=1.6)
        if at == 0:
            axis.stairs(shares, edges, fill=True, color=GROUP_COLOURS[0], alpha=0.15)
    axis.set_ylabel("% of images", fontsize=9, color=INK)


def draw_bars(groups: Mapping[str, Mapping[str, int]], order: Sequence[str] | None = None) -> bytes | None:
    """Return an SVG of the share of every category, the twelve largest unless `order` names them; None without any."""
    totals = {name: sum(counts.values()) for name, counts in groups.items()}
    shares = {name: {word: n / totals[name] for word, n in counts.items()} for name, counts in groups.items()}
    words = sorted({word for counts in groups.values() for word in counts})
    chosen = [word for word in order if word in words] if order else None
    if chosen is None:
        chosen = sorted(words, key=lambda word: -max(held.get(word, 0.0) for held in shares.values()))[:_MOST_BARS]
    if not chosen:
        return None
    height = 0.7 + 0.26 * len(chosen)
    figure = Figure(figsize=(_INCHES[0], height), facecolor=PAPER)
    axis = figure.add_axes((0.38, 0.48 / height, 0.59, 1 - 0.6 / height))
    thick = 0.8 / len(groups)
    for at, held in enumerate(shares.values()):
        places = np.arange(len(chosen)) + (at - (len(groups) - 1) / 2) * thick
        axis.barh(places, [100 * held.get(word, 0.0) for word in chosen], thick, color=GROUP_COLOURS[at % 4])
    labels = axis.set_yticks(range(len(chosen)), [_short(word) for word in chosen])
    for label in labels:
        label.label1.set_parse_math(False)
    axis.set_ylim(len(chosen) - 0.5, -0.5)
    axis.set_xlabel("% of images", fontsize=9, color=INK)
    return _svg(figure, axis)


def html_svg(svg: bytes, words: str) -> str:
    """Return an SVG as a picture inside the page; `words` must be escaped already."""
    return f'<img alt="{words}" src="data:image/svg+xml;base64,{base64.b64encode(svg).decode("ascii")}">'


def _plain(axis: Axes) -> None:
    axis.tick_params(labelsize=8, colors=FAINT_INK, length=2)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _svg(figure: Figure, axis: Axes) -> bytes:
    _plain(axis)
    held = BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "dermaseg", "font.family": ["sans-serif"]}):
        FigureCanvasSVG(figure).print_svg(held, metadata={"Date": None})
    return held.getvalue()


def _short(word: str) -> str:
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in word)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
