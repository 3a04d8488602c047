"""One case at the size at which it is shown: reduced when it is large, enlarged around a small lesion."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float, UInt8

from dermaseg_monai.arrays import BoolMask, Probability, RgbImage
from dermaseg_monai.report.marks import Marks

Coverage = Float[np.ndarray, "rows columns"]
"""Which part of each shown pixel is covered, in [0, 1]."""

Overview = UInt8[np.ndarray, "overview_h overview_w 3"]
"""The whole picture, on a grid of its own."""

_SMALL: Final = 1 / 3
_AROUND: Final = 2.0
_CLOSE: Final = 1.5
_LEAST_PX: Final = 48


@dataclass(frozen=True)
class Window:
    """A part of a picture, in its pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, pixels: np.ndarray) -> np.ndarray:
        """Return this part of an array, without a copy."""
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True)
class View:
    """What is drawn of one case; every array but `overview` is on one grid, that of `window` after reduction.

    Attributes:
        size_px: (h, w) of the original picture.
        window: the part that is shown; smaller than the picture where the lesion is small.
        overview: the whole picture, reduced.
        image: the window of the picture.
        pred: coverage of the predicted lesion.
        label: coverage of the reference; None where there is none.
        missed: coverage of what only the reference holds.
        extra: coverage of what only the prediction holds.
        maps: `boundary` and `uncertainty` where the network has them.
        marks: the prompt the network was given, None where it took none.
        counts_px: pixels of pred, label, missed and extra in the whole original picture, or voxels in the slice.
        empty: which of pred and label hold nothing in the whole picture or volume.
        slice_words: which slice of a volume it is, where it lies and how it is held; empty for a picture.
    """

    size_px: tuple[int, int]
    window: Window
    overview: Overview
    image: RgbImage
    pred: Coverage
    label: Coverage | None = None
    missed: Coverage | None = None
    extra: Coverage | None = None
    maps: Mapping[str, Probability] = field(default_factory=dict[str, np.ndarray])
    marks: Marks | None = None
    counts_px: Mapping[str, int] = field(default_factory=dict[str, int])
    empty: frozenset[str] = frozenset()
    slice_words: str = ""

    @property
    def element(self) -> str:
        """What `counts_px` counts."""
        return "voxels" if self.slice_words else "px"

    @property
    def zoom(self) -> float:
        """How many times the window is enlarged against the whole picture; 1 when it is the whole."""
        return self.size_px[1] / self.window.width

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the window in pixels of the overview."""
        down, right = (shown / whole for shown, whole in zip(self.overview.shape[:2], self.size_px, strict=True))
        window = self.window
        return window.left * right - 0.5, window.top * down - 0.5, window.width * right, window.height * down

    def in_overview(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place of the original picture lies in the overview."""
        down, right = (shown / whole for shown, whole in zip(self.overview.shape[:2], self.size_px, strict=True))
        return x * right - 0.5, y * down - 0.5


def lesion_window(pred: BoolMask, label: BoolMask | None) -> Window:
    """Return the whole picture, or, where both lesions fit into a third of it, twice their common box.

    The window has the picture's proportions, lies inside it and is at least 48 px (or the picture) on its short side.
    """
    return _window(pred if label is None else pred | label, around=_AROUND, largest=_SMALL)


def outlines_window(union: BoolMask) -> Window:
    """Return the box of everything that was outlined with a margin, in the picture's proportions.

    Where people differ is what is to be seen: a large lesion too is shown in one and a half times its box, as far as
    the picture goes.
    """
    return _window(union, around=_CLOSE, largest=1.0)


def _window(both: BoolMask, *, around: float, largest: float) -> Window:
    height, width = both.shape
    rows, columns = np.flatnonzero(both.any(axis=1)), np.flatnonzero(both.any(axis=0))
    if rows.size == 0:
        return Window(0, 0, height, width)
    upper, lower, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    share = max((lower - upper) / height, (right - left) / width)
    scale = max(around * share, _LEAST_PX / min(height, width))
    if share > largest or scale >= 1:
        return Window(0, 0, height, width)
    shown_h, shown_w = round(scale * height), round(scale * width)
    first_row = _inside((upper + lower - shown_h) // 2, height - shown_h)
    first_column = _inside((left + right - shown_w) // 2, width - shown_w)
    return Window(first_row, first_column, shown_h, shown_w)


def make_view(
    image: RgbImage,
    pred: BoolMask,
    *,
    label: BoolMask | None,
    maps: Mapping[str, Probability],
    side_px: int,
) -> View:
    """Return a case for a column of `side_px`; arrays of the view are below twice that, or as small as they came."""
    window = lesion_window(pred, label)
    masks = {"pred": pred}
    if label is not None:
        masks |= {"label": label, "missed": label & ~pred, "extra": pred & ~label}
    shown = {name: reduced(window.cut(mask), side_px) for name, mask in masks.items()}
    return View(
        size_px=(pred.shape[0], pred.shape[1]),
        window=window,
        overview=reduced_image(image, side_px),
        image=reduced_image(window.cut(image), side_px),
        maps={name: reduced(window.cut(values), side_px) for name, values in maps.items()},
        counts_px={name: int(mask.sum()) for name, mask in masks.items()},
        empty=frozenset(name for name, mask in masks.items() if not mask.any()),
        pred=shown["pred"],
        label=shown.get("label"),
        missed=shown.get("missed"),
        extra=shown.get("extra"),
    )


def reduced_image(image: RgbImage, side_px: int) -> Overview:
    """Return a photograph after `reduced`."""
    return reduced(image, side_px).round().astype(np.uint8)


def reduced(values: np.ndarray, side_px: int) -> np.ndarray:
    """Return means over square blocks, float32, so many pixels wide that the long side stays at least `side_px`."""
    factor = max(values.shape[:2]) // side_px
    if factor <= 1:
        return values.astype(np.float32)
    sums, weights = values, 1.0
    for axis in (0, 1):
        starts = np.arange(0, values.shape[axis], factor)
        sums = np.add.reduceat(sums, starts, axis=axis, dtype=np.float32)
        lengths = np.diff(starts, append=values.shape[axis]).astype(np.float32)
        weights = weights * lengths.reshape([-1 if at == axis else 1 for at in range(values.ndim)])
    return sums / weights


def _inside(start: int, largest: int) -> int:
    return min(max(start, 0), largest)
