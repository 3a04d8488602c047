"""One case on one strip: the photograph, who outlined what, and what the network is unsure of."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dermaseg_monai.arrays import BoolMask, Probability, RgbImage

Strip = UInt8[np.ndarray, "strip_h strip_w 3"]
"""The finished picture."""

Column = Literal["image", "reference", "prediction", "boundary", "uncertainty"]

REFERENCE_COLOUR: Final = "#00d5ff"
PREDICTION_COLOUR: Final = "#ffd000"
"""Cyan and yellow: apart for colour-blind eyes, and neither occurs in skin."""

_TITLES: Final[Mapping[Column, str]] = {
    "image": "Image",
    "reference": "Reference",
    "prediction": "Prediction",
    "boundary": "Boundary",
    "uncertainty": "Uncertainty",
}
_MAPS: Final = {"boundary": "magma", "uncertainty": "viridis"}
_INCH_PX: Final = 100
_INK: Final = "#222222"


class Panels:
    """Draws a case as a strip of columns.

    `image` is the untouched photograph; `reference` and `prediction` are outlines on it (the prediction is shown beside
    the reference, so that the difference can be seen); `boundary` and `uncertainty` are maps in [0, 1]. A column whose
    data a case or a network does not have is left out.

    Args:
        columns: which, in which order.
        column_px: width of one column.
        threshold: probability from which a pixel counts as lesion.
    """

    def __init__(
        self,
        columns: Sequence[Column] = ("image", "reference", "prediction", "boundary", "uncertainty"),
        *,
        column_px: int = 300,
        threshold: float = 0.5,
    ) -> None:
        unknown = [name for name in columns if name not in _TITLES]
        if unknown or not columns:
            raise ValueError(f"columns is {list(columns)!r}; choose from {', '.join(_TITLES)}.")
        self.columns = tuple(columns)
        self.column_px = column_px
        self.threshold = threshold

    def __call__(
        self,
        image: RgbImage,
        maps: Mapping[str, Probability],
        *,
        case_id: str,
        label: BoolMask | None = None,
        dice: float | None = None,
        note: str = "",
    ) -> Strip:
        """Return the picture.

        Args:
            image: the photograph.
            maps: `pred`, and `boundary` and `uncertainty` where the network has them, on the grid of the image.
            case_id: for the title.
            label: the reference mask.
            dice: for the title; not computed here, so that one case has one Dice.
            note: more for the title, e.g. the epoch.
        """
        pred = maps["pred"] >= self.threshold
        absent = {name for name in _MAPS if name not in maps} | ({"reference"} if label is None else set())
        shown: list[Column] = [name for name in self.columns if name not in absent]
        figure, axes = self._figure(len(shown), image.shape[0] / image.shape[1])
        for name, axis in zip(shown, axes, strict=True):
            axis.set_title(_TITLES[name], fontsize=11, color=_INK, pad=5)
            if name in _MAPS:
                axis.imshow(maps[name], cmap=_MAPS[name], vmin=0, vmax=1, interpolation="bilinear")
                _draw_outline(axis, pred, "white", width_pt=0.8)
                _draw_scale(figure, axis, _MAPS[name])
                continue
            axis.imshow(image, interpolation="bilinear")
            if name in ("reference", "prediction") and label is not None:
                _draw_outline(axis, label, REFERENCE_COLOUR, width_pt=1.8)
            if name == "prediction":
                _draw_outline(axis, pred, PREDICTION_COLOUR, width_pt=1.8)
        _write_title(figure, _title(case_id, dice, note, pred=pred, label=label), has_label=label is not None)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()

    def _figure(self, columns: int, aspect: float) -> tuple[Figure, list[Axes]]:
        gap_px, head_px, foot_px = 12, 62, 40
        width_px = columns * self.column_px + (columns + 1) * gap_px
        picture_px = round(self.column_px * aspect)
        height_px = head_px + picture_px + foot_px
        figure = Figure(figsize=(width_px / _INCH_PX, height_px / _INCH_PX), dpi=_INCH_PX, facecolor="white")
        axes: list[Axes] = []
        for index in range(columns):
            left_px = gap_px + index * (self.column_px + gap_px)
            axis = figure.add_axes(
                (left_px / width_px, foot_px / height_px, self.column_px / width_px, picture_px / height_px)
            )
            axis.set_axis_off()
            axes.append(axis)
        return figure, axes


def _draw_outline(axis: Axes, mask: np.ndarray, colour: str, *, width_pt: float) -> None:
    # a rim of zeros closes outlines that touch the border; contour() warns where there is nothing to draw
    if not mask.any():
        return
    padded = np.pad(mask.astype(np.float32), 1)
    rows, columns = np.arange(-1, mask.shape[0] + 1), np.arange(-1, mask.shape[1] + 1)
    axis.contour(columns, rows, padded, levels=[0.5], colors=[colour], linewidths=[width_pt])
    axis.set_xlim(-0.5, mask.shape[1] - 0.5)
    axis.set_ylim(mask.shape[0] - 0.5, -0.5)


def _draw_scale(figure: Figure, axis: Axes, colours: str) -> None:
    box = axis.get_position()
    scale_axis = figure.add_axes((box.x0, box.y0 * 0.62, box.width, box.y0 * 0.18))
    scale = figure.colorbar(ScalarMappable(Normalize(0, 1), colours), cax=scale_axis, orientation="horizontal")
    scale.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
    scale_axis.tick_params(labelsize=8, length=2, pad=1, colors=_INK)
    scale.outline.set_visible(False)  # pyright: ignore[reportCallIssue]


def _title(case_id: str, dice: float | None, note: str, *, pred: np.ndarray, label: np.ndarray | None) -> str:
    words = [case_id if len(case_id) <= 60 else f"{case_id[:59]}…"]  # noqa: PLR2004 (what fits)
    if dice is not None:
        words.append(f"Dice {dice:.3f}")
    if not pred.any():
        words.append("no lesion found")
    if label is not None and not label.any():
        words.append("no lesion in the reference")
    return "    ".join([*words, note])


def _write_title(figure: Figure, title: str, *, has_label: bool) -> None:
    width_px, height_px = figure.get_size_inches() * _INCH_PX
    top = 1 - 14 / height_px
    figure.text(12 / width_px, top, title, fontsize=13, fontweight="bold", color=_INK, va="top")
    lines = [Line2D([], [], color=PREDICTION_COLOUR, linewidth=2.5, label="prediction")]
    if has_label:
        lines.insert(0, Line2D([], [], color=REFERENCE_COLOUR, linewidth=2.5, label="reference"))
    figure.legend(
        handles=lines,
        loc="lower left",
        bbox_to_anchor=(4 / width_px, 2 / height_px),
        ncols=len(lines),
        frameon=False,
        fontsize=10,
        labelcolor=_INK,
    )
