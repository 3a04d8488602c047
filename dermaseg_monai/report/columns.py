"""What stands in each column of a panel, drawn into one pair of axes."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import AbstractPathEffect, withStroke

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.report.line_styles import LineStyle
from dermaseg_monai.report.marks import Marks
from dermaseg_monai.report.palette import (
    EXTRA_COLOUR,
    FAINT_INK,
    FOUND_COLOUR,
    INK,
    MAP_COLOURS,
    MISSED_COLOUR,
    PREDICTION_COLOUR,
    PROMPT_COLOUR,
    REFERENCE_COLOUR,
)
from dermaseg_monai.report.view import Coverage, View

Column = Literal["image", "reference", "prediction", "error", "boundary", "uncertainty"]

TITLES: Final[Mapping[Column, str]] = {
    "image": "Image",
    "reference": "Reference",
    "prediction": "Prediction",
    "error": "Errors",
    "boundary": "Boundary",
    "uncertainty": "Uncertainty",
}
MAP_TITLES: Final = {"boundary": "Boundary (probability)", "uncertainty": "Uncertainty (expected error)"}

_STYLES: Final = {"solid": "solid", "dashed": (0, (3.2, 1.6)), "dotted": (0, (1.0, 1.4))}
_HALO: Final = "#101010"
_LEAST_SEEN: Final = 0.45
_FOUND: Final = 0.45
_WRONG: Final = 0.85


def draw_column(axis: Axes, name: Column, view: View, *, line_pt: float) -> None:
    """Draw one column; a map that the case does not have is said, not left blank.

    Args:
        axis: to draw into; its frame is switched off.
        name: which column.
        view: the case.
        line_pt: width of outlines.
    """
    axis.set_axis_off()
    if name == "image":
        _draw_image(axis, view, line_pt)
    elif name == "error":
        _draw_error(axis, view)
    elif name in MAP_COLOURS:
        _draw_map(axis, name, view, line_pt)
    else:
        axis.imshow(view.image, interpolation="bilinear")
        if view.label is not None:
            draw_outline(axis, view.label, REFERENCE_COLOUR, width_pt=line_pt)
        if name == "prediction":
            draw_outline(axis, view.pred, PREDICTION_COLOUR, width_pt=line_pt, style="dashed")


def draw_outline(axis: Axes, coverage: Coverage, colour: str, *, width_pt: float, style: LineStyle = "solid") -> None:
    """Draw the line at which half of a pixel is covered, with a dark rim; a speck that covers less is drawn too."""
    if not coverage.any():
        return  # contour() would warn
    solid = coverage if coverage.max() >= 0.5 else coverage > 0  # noqa: PLR2004 (half a pixel)
    # a rim of zeros closes outlines that touch the border
    padded = np.pad(solid.astype(np.float32), 1)
    rows, columns = np.arange(-1, coverage.shape[0] + 1), np.arange(-1, coverage.shape[1] + 1)
    lines = axis.contour(
        columns,
        rows,
        padded,
        levels=[0.5],
        colors=[colour],
        linewidths=[width_pt],
        linestyles=[_STYLES[style]],
    )
    lines.set_path_effects([withStroke(linewidth=width_pt + 1.2, foreground=_HALO)])
    _fit(axis, coverage.shape)


def error_image(image: RgbImage, pred: Coverage, missed: Coverage, extra: Coverage) -> RgbImage:
    """Return the photograph in grey with the errors in colour.

    Found lesion is lightened, missed lesion blue, extra area orange; a pixel that is partly wrong has that part of the
    colour, and at least 45 % of it. The photograph shines through a little.
    """
    grey = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    picture = np.repeat((15 + 0.55 * grey)[..., None], 3, axis=2)
    found = np.clip(pred - extra, 0, 1)
    for coverage, colour, strength in (
        (found, FOUND_COLOUR, _FOUND),
        (missed, MISSED_COLOUR, _WRONG),
        (extra, EXTRA_COLOUR, _WRONG),
    ):
        seen = np.where(coverage > 0, _LEAST_SEEN + (1 - _LEAST_SEEN) * coverage, 0)[..., None] * strength
        picture = picture * (1 - seen) + np.array(to_rgb(colour), dtype=np.float32) * 255 * seen
    return picture.round().clip(0, 255).astype(np.uint8)


def legend_handles(columns: Sequence[Column], *, has_label: bool, has_marks: bool = False) -> list[Line2D | Patch]:
    """Return what the lines and areas of these columns mean."""
    halo = [withStroke(linewidth=3.4, foreground=_HALO)]
    found: list[Line2D | Patch] = []
    if has_marks and "image" in columns:
        found.append(Line2D([], [], color=PROMPT_COLOUR, linewidth=2.2, label="prompt", path_effects=halo))
    if has_label and {"reference", "prediction"} & set(columns):
        found.append(Line2D([], [], color=REFERENCE_COLOUR, linewidth=2.2, label="reference", path_effects=halo))
    if "prediction" in columns:
        dashes = (0, (2.2, 1.1))
        found.append(
            Line2D(
                [], [], color=PREDICTION_COLOUR, linewidth=2.2, label="prediction", linestyle=dashes, path_effects=halo
            )
        )
    if "error" in columns:
        areas = {
            "missed (reference only)": MISSED_COLOUR,
            "extra (prediction only)": EXTRA_COLOUR,
            "found (both)": FOUND_COLOUR,
        }
        found += [Patch(facecolor=c, edgecolor=FAINT_INK, linewidth=0.5, label=name) for name, c in areas.items()]
    return found


def _draw_image(axis: Axes, view: View, line_pt: float) -> None:
    axis.imshow(view.overview, interpolation="bilinear")
    if view.zoom > 1:
        left, top, width, height = view.frame
        frame = Rectangle((left, top), width, height, fill=False, edgecolor="white", linewidth=line_pt * 0.7)
        frame.set_path_effects([withStroke(linewidth=line_pt * 0.7 + 1.2, foreground=_HALO)])
        axis.add_patch(frame)
    if view.marks is not None:
        _draw_marks(axis, view, view.marks, line_pt)


def _draw_marks(axis: Axes, view: View, marks: Marks, line_pt: float) -> None:
    halo: list[AbstractPathEffect] = [withStroke(linewidth=line_pt + 1.2, foreground=_HALO)]
    if marks.box_px is not None:
        (left, top), (right, bottom) = view.in_overview(*marks.box_px[:2]), view.in_overview(*marks.box_px[2:])
        box = Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=PROMPT_COLOUR, linewidth=line_pt)
        box.set_path_effects(halo)
        axis.add_patch(box)
    if marks.points_px:
        columns, rows = zip(*(view.in_overview(x, y) for x, y in marks.points_px), strict=True)
        axis.plot(columns, rows, "+", color=PROMPT_COLOUR, markersize=9, markeredgewidth=line_pt, path_effects=halo)
    _fit(axis, view.overview.shape[:2])


def _draw_error(axis: Axes, view: View) -> None:
    if view.missed is None or view.extra is None:
        _draw_absence(axis, view, "no reference")
        return
    axis.imshow(error_image(view.image, view.pred, view.missed, view.extra), interpolation="auto")


def _draw_map(axis: Axes, name: str, view: View, line_pt: float) -> None:
    if name not in view.maps:
        _draw_absence(axis, view, "no such map")
        return
    axis.imshow(view.maps[name], cmap=MAP_COLOURS[name], vmin=0, vmax=1, interpolation="bilinear")
    draw_outline(axis, view.pred, "white", width_pt=line_pt * 0.5, style="dashed")


def _draw_absence(axis: Axes, view: View, words: str) -> None:
    axis.imshow(np.full(view.image.shape, 238, dtype=np.uint8))
    axis.text(0.5, 0.5, words, transform=axis.transAxes, ha="center", va="center", fontsize=9, color=INK)


def _fit(axis: Axes, shape: tuple[int, ...]) -> None:
    axis.set_xlim(-0.5, shape[1] - 0.5)
    axis.set_ylim(shape[0] - 0.5, -0.5)
