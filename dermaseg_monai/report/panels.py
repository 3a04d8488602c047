"""One case on one picture: the photograph, who outlined what, what is wrong, and what the network is unsure of."""

from collections.abc import Mapping, Sequence
from typing import Final

from dermaseg_monai.arrays import BoolMask, Probability, RgbImage
from dermaseg_monai.report.columns import MAP_TITLES, TITLES, Column, draw_column, legend_handles
from dermaseg_monai.report.page import LEGEND_PX, Page, Sheet, shown_id, wrapped
from dermaseg_monai.report.palette import MAP_COLOURS, NOTICE
from dermaseg_monai.report.view import View, make_view

_GAP_PX: Final = 14
_TITLE_PX: Final = 26
_SCALE_PX: Final = 30
_LINE_PX: Final = 18
_LINE_PT: Final = 1.8


class Panels:
    """Draws a case as a few pictures side by side, in one or two rows, with title, legend and notice.

    `image` is the untouched photograph; `reference` and `prediction` are outlines on it (the prediction is shown beside
    the reference, so that the difference can be seen); `error` shows in colour what was missed and what was too much;
    `boundary` and `uncertainty` are maps in [0, 1]. A column whose data a case or a network does not have is left out.
    Around a small lesion all but `image` are enlarged; a frame in `image` shows where.

    Args:
        columns: which, in which order.
        column_px: width of one column.
        threshold: probability from which a pixel counts as lesion.
    """

    def __init__(
        self,
        columns: Sequence[Column] = ("image", "reference", "prediction", "error", "boundary", "uncertainty"),
        *,
        column_px: int = 380,
        threshold: float = 0.5,
    ) -> None:
        unknown = [name for name in columns if name not in TITLES]
        if unknown or not columns:
            raise ValueError(f"columns is {list(columns)!r}; choose from {', '.join(TITLES)}.")
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
    ) -> Sheet:
        """Return the picture.

        Args:
            image: the photograph.
            maps: `pred`, and `boundary` and `uncertainty` where the network has them, on the grid of the image.
            case_id: for the title.
            label: the reference mask.
            dice: for the title; not computed here, so that one case has one Dice.
            note: more for the title, e.g. the epoch.
        """
        known = {name: maps[name] for name in MAP_COLOURS if name in maps}
        pred = maps["pred"] >= self.threshold
        view = make_view(image, pred, label=label, maps=known, side_px=self.column_px)
        return self.draw([view], case_id=case_id, scores="" if dice is None else f"Dice {dice:.3f}", note=note)

    def draw(self, views: Sequence[View], *, case_id: str, scores: str, note: str = "") -> Sheet:
        """Return the picture of a case that was prepared (see `make_view`, `Predictions.views`).

        Args:
            views: the case; slices of a volume stand one below the other.
            case_id: for the title.
            scores: for the title, as text with units.
            note: a second line of the title begins with it.
        """
        first = views[0]
        shown = self._shown(first)
        per_row = len(shown) if len(shown) <= 3 else -(-len(shown) // 2)  # noqa: PLR2004 (what a screen takes)
        rows = [shown[at : at + per_row] for at in range(0, len(shown), per_row)]
        width_px = per_row * (self.column_px + _GAP_PX) + _GAP_PX
        foot = _Foot(shown, width_px, has_label=first.label is not None, has_marks=first.marks is not None)
        title = wrapped(_title(first, case_id, scores), width_px - 2 * _GAP_PX, size_pt=14.0)  # 13 pt, bold
        words = [wrapped(_subtitle(view, note), width_px - 2 * _GAP_PX, size_pt=10.0) for view in views]
        heights = [
            _LINE_PX * len(lines) + 5 + sum(self._row_px(view, row) for row in rows)
            for view, lines in zip(views, words, strict=True)
        ]
        top = 13 + 22 * len(title)
        page = Page(width_px, top + sum(heights) + foot.height_px)
        page.text(_GAP_PX, 10, "\n".join(title), size_pt=13.0, bold=True)
        for view, lines in zip(views, words, strict=True):
            page.text(_GAP_PX, top, "\n".join(lines), faint=True)
            top += _LINE_PX * len(lines) + 5
            for row in rows:
                for at, name in enumerate(row):
                    left = _GAP_PX + at * (self.column_px + _GAP_PX)
                    self._draw_cell(page, name, view, left=left, top=top, picture_px=self._picture_px(view))
                top += self._row_px(view, row)
        foot.write(page, top)
        return page.render()

    def _picture_px(self, view: View) -> int:
        return round(self.column_px * view.size_px[0] / view.size_px[1])

    def _row_px(self, view: View, row: Sequence[Column]) -> int:
        return _TITLE_PX + self._picture_px(view) + (_SCALE_PX if set(row) & set(MAP_COLOURS) else 8)

    def _shown(self, view: View) -> list[Column]:
        absent = {name for name in MAP_COLOURS if name not in view.maps}
        absent |= {"reference", "error"} if view.label is None else set()
        return [name for name in self.columns if name not in absent]

    def _draw_cell(self, page: Page, name: Column, view: View, *, left: int, top: int, picture_px: int) -> None:
        page.text(left, top + 5, _column_title(name, view), size_pt=11.0, bold=True)
        axis = page.axes(left, top + _TITLE_PX, self.column_px, picture_px)
        draw_column(axis, name, view, line_pt=_LINE_PT)
        if name in MAP_COLOURS:
            page.scale(left, top + _TITLE_PX + picture_px + 4, self.column_px, MAP_COLOURS[name])


def _column_title(name: Column, view: View) -> str:
    if name in MAP_TITLES:
        return MAP_TITLES[name]
    if name == "error":
        missed, extra = (f"{view.counts_px[which]} {view.element} {which}" for which in ("missed", "extra"))
        return f"Errors: {missed}, {extra}"
    if name == "prediction" and view.label is not None:
        return "Prediction and reference"
    return TITLES[name]


def _title(view: View, case_id: str, scores: str) -> str:
    words = [shown_id(case_id), scores]
    if "pred" in view.empty:
        words.append("no lesion found")
    if "label" in view.empty:
        words.append("no lesion in the reference")
    return "    ".join(word for word in words if word)


def _subtitle(view: View, note: str) -> str:
    facts = [note, view.slice_words or f"{view.size_px[1]} × {view.size_px[0]} px"]
    if view.zoom > 1:
        facts.append(f"enlarged {view.zoom:.1f} times around the lesion (frame)")
    return "  ·  ".join(fact for fact in facts if fact)


class _Foot:
    """Legend and notice in as many lines as the width asks for."""

    def __init__(self, columns: Sequence[Column], width_px: int, *, has_label: bool, has_marks: bool) -> None:
        self.handles = legend_handles(columns, has_label=has_label, has_marks=has_marks)
        self.per_row = max(1, width_px // LEGEND_PX)
        self.legend_px = 22 * -(-len(self.handles) // self.per_row)
        self.notice = wrapped(NOTICE, width_px - 2 * _GAP_PX, size_pt=9.0)
        self.height_px = 14 + self.legend_px + 16 * len(self.notice) + 10

    def write(self, page: Page, top: int) -> None:
        page.legend(_GAP_PX, top + 10, self.handles, per_row=self.per_row)
        page.text(_GAP_PX, top + 14 + self.legend_px, "\n".join(self.notice), size_pt=9.0, faint=True)
