"""The best, the median and the worst cases of an evaluation on one sheet."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from dermaseg_monai.errors import DataError
from dermaseg_monai.report.columns import TITLES, Column, draw_column, legend_handles
from dermaseg_monai.report.page import LEGEND_PX, Page, Sheet, shown_id, wrapped
from dermaseg_monai.report.palette import MAP_COLOURS, NOTICE
from dermaseg_monai.report.predictions import Predictions
from dermaseg_monai.report.ranking import Ranked, pick
from dermaseg_monai.report.view import View

_GAP_PX: Final = 12
_WORDS_PX: Final = 190
_LEAST_ROW_PX: Final = 112
_LINE_PT: Final = 1.5
_NAMED: Final = 20
_MAPS: Final[tuple[Column, ...]] = ("boundary", "uncertainty")


class ContactSheet:
    """Draws the contact sheet of a prediction folder (see `draw_contact_sheet`).

    Args:
        manifest: of the pictures.
        dataset_dir: where the manifest's paths start.
        cases: how many of each group.
        column_px: width of one column.
    """

    def __init__(self, manifest: str | Path, dataset_dir: str | Path, *, cases: int = 4, column_px: int = 210) -> None:
        self.manifest, self.dataset_dir = manifest, dataset_dir
        self.cases, self.column_px = cases, column_px

    def __call__(self, folder: str | Path) -> Sheet:
        """Return the sheet.

        Raises:
            DataError: it is no prediction folder, or no case of it has a Jaccard.
        """
        predictions = Predictions(folder, manifest=self.manifest, dataset_dir=self.dataset_dir)
        return draw_contact_sheet(predictions, cases=self.cases, column_px=self.column_px)


def draw_contact_sheet(predictions: Predictions, *, cases: int, column_px: int = 210) -> Sheet:
    """Return a sheet with a row per case: its scores, its place in the ranking by Jaccard, its pictures.

    One case is in memory at a time. A case that cannot be drawn keeps its row, with the reason in place of the
    pictures; cases that were not predicted or not scored are named below.

    Raises:
        DataError: no case has a Jaccard.
    """
    groups = pick(predictions.rows, cases)
    if not any(groups.values()):
        raise DataError(
            f"No case of {predictions.folder} was scored, so that there is no best and no worst. "
            "Evaluate cases with references: `dermaseg panels RUN --split test`; or draw single ones: --case ID."
        )
    maps: list[Column] = [name for name in _MAPS if name in predictions.map_names]
    layout = _Layout(("image", "prediction", "error", *maps), column_px)
    scored = next(ranked.of for group in groups.values() for ranked in group)
    bands = [layout.head(predictions, scored)]
    for name, group in groups.items():
        if group:
            bands.append(layout.group_head(f"{name} ({len(group)})"))
            bands += [band for ranked in group for band in _rows(layout, predictions, ranked)]
    bands.append(layout.foot(predictions.unshown()))
    return np.concatenate(bands)


def _rows(layout: "_Layout", predictions: Predictions, ranked: Ranked) -> list[Sheet]:
    try:
        views = predictions.views(ranked.row, side_px=layout.column_px)
    except DataError as error:  # an ImageError is one
        return [layout.lost_row(ranked, str(error))]
    return [layout.row(ranked, view, again=at > 0) for at, view in enumerate(views)]


class _Layout:
    """Bands of one width, from the head to the foot."""

    def __init__(self, columns: Sequence[Column], column_px: int) -> None:
        self.columns, self.column_px = tuple(columns), column_px
        self.width_px = _GAP_PX + _WORDS_PX + len(columns) * (column_px + _GAP_PX)

    def head(self, predictions: Predictions, scored: int) -> Sheet:
        """Return the title, what is ranked, and the legend."""
        handles = legend_handles(self.columns, has_label=True)
        per_row = self.width_px // LEGEND_PX
        page = Page(self.width_px, 66 + 22 * -(-len(handles) // per_row))
        place = shown_id("/".join(predictions.folder.resolve().parts[-3:]), 80)
        page.text(_GAP_PX, 10, f"Best, median and worst cases of {place}", size_pt=13.0, bold=True)
        line = f"{scored} scored cases of {shown_id(predictions.manifest.name)}, ranked by Jaccard; "
        line += "counts in voxels of the slice" if predictions.of_volumes else "lengths and areas in px of the original"
        page.text(_GAP_PX, 35, line, faint=True)
        page.legend(_GAP_PX, 62, handles, per_row=per_row)
        return page.render()

    def group_head(self, title: str) -> Sheet:
        """Return the line above a group: its name and the names of the columns."""
        page = Page(self.width_px, 62)
        page.text(_GAP_PX, 14, title, size_pt=13.0, bold=True)
        for left, name in self._places():
            page.text(left, 16, TITLES[name], size_pt=10.0, bold=True)
            if name in MAP_COLOURS:
                page.scale(left, 35, self.column_px, MAP_COLOURS[name])
        return page.render()

    def row(self, ranked: Ranked, view: View, *, again: bool) -> Sheet:
        """Return a row of a case; where it comes `again`, with another slice, its scores are not repeated."""
        picture_px = round(self.column_px * view.size_px[0] / view.size_px[1])
        facts = [f"{which} {view.counts_px.get(which, 0)} {view.element}" for which in ("missed", "extra")]
        if "pred" in view.empty:
            facts.append("no lesion found")
        if view.zoom > 1:
            facts.append(f"enlarged {view.zoom:.1f} times")
        facts += wrapped(view.slice_words, _WORDS_PX - 8, size_pt=9.0) if view.slice_words else []
        words = [] if again else [f"rank {ranked.rank} of {ranked.of}", *ranked.row.score_words]
        words_px = 36 + 16 * (len(words) + len(facts)) if view.slice_words else 0
        page = Page(self.width_px, max(picture_px, _LEAST_ROW_PX, words_px) + _GAP_PX)
        self._write(page, ranked, words, facts)
        for left, name in self._places():
            draw_column(page.axes(left, 0, self.column_px, picture_px), name, view, line_pt=_LINE_PT)
        return page.render()

    def lost_row(self, ranked: Ranked, reason: str) -> Sheet:
        """Return the row of a case that cannot be drawn."""
        page = Page(self.width_px, _LEAST_ROW_PX + _GAP_PX)
        self._write(page, ranked, [f"rank {ranked.rank} of {ranked.of}", *ranked.row.score_words], [])
        left = _GAP_PX + _WORDS_PX
        lines = wrapped(f"Cannot be shown: {shown_id(reason, 600)}", self.width_px - left - _GAP_PX, size_pt=10.0)
        page.text(left, 0, "\n".join(lines))
        return page.render()

    def foot(self, unshown: Mapping[str, str]) -> Sheet:
        """Return the cases that take no part, and the notice."""
        lines: list[str] = []
        if unshown:
            lines = self._lines(_named(unshown))
        page = Page(self.width_px, 16 + 17 * len(lines) + 28)
        page.text(_GAP_PX, 6, "\n".join(lines))
        page.text(_GAP_PX, 14 + 17 * len(lines), NOTICE, size_pt=9.0, faint=True)
        return page.render()

    def _lines(self, texts: Iterable[str]) -> list[str]:
        return [line for text in texts for line in wrapped(text, self.width_px - 2 * _GAP_PX, size_pt=10.0)]

    def _places(self) -> list[tuple[int, Column]]:
        step, start = self.column_px + _GAP_PX, _GAP_PX + _WORDS_PX
        return [(start + at * step, name) for at, name in enumerate(self.columns)]

    @staticmethod
    def _write(page: Page, ranked: Ranked, words: Sequence[str], facts: Sequence[str]) -> None:
        lines = wrapped(shown_id(ranked.row.case_id, 48), _WORDS_PX - 8, size_pt=11.0)
        page.text(_GAP_PX, 0, "\n".join(lines), size_pt=10.0, bold=True)
        page.text(_GAP_PX, 18 * len(lines) + 2, "\n".join(words), size_pt=9.0)
        page.text(_GAP_PX, 18 * len(lines) + 6 + 15 * len(words), "\n".join(facts), size_pt=9.0, faint=True)


def _named(unshown: Mapping[str, str]) -> list[str]:
    named = [f"{shown_id(case_id)}: {shown_id(reason, 160)}" for case_id, reason in list(unshown.items())[:_NAMED]]
    more = len(unshown) - len(named)
    rest = [f"and {more} more; the command names them all."] if more else []
    return [f"Not in the ranking ({len(unshown)}):", *named, *rest]
