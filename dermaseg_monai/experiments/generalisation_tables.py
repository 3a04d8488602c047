"""The tables of a matrix of data sets, for a terminal, Markdown and the page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dermaseg_monai.experiments.generalisation_differences import counted
from dermaseg_monai.experiments.generalisation_matrix import MEASURES, Bounded, Cell
from dermaseg_monai.experiments.generalisation_overlap import THROUGH_OTHERS
from dermaseg_monai.experiments.generalisation_result import Result
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.least_groups import LEAST_GROUPS, narrow_words
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.generalisation_cell import MatrixCell, MatrixRows

TITLES: Final[Mapping[str, str]] = {"dice": "Dice", "jaccard": "Jaccard", "threshold_jaccard": "threshold Jaccard"}


def matrix_table(result: Result) -> Table:
    """Return one row per pair: the scores without what the two sets share, and over all images where that differs."""
    rows = []
    for trained_on in result.names:
        for tested_on in result.names:
            rows += _pair_rows(result, trained_on, tested_on)
    notes = narrow_words(min((cell.n_groups for cell in result.matrix.cells), default=LEAST_GROUPS))
    return Table(("trained on", "tested on", "cases", "images", "groups", *TITLES.values()), rows, notes)


def matrices(result: Result) -> dict[str, MatrixRows]:
    """Return the cells of every score; a cell is without the shared cases, unless nothing is left without them."""
    return {
        f"{TITLES[measure]} ↑": tuple(
            tuple(_cell(result, trained_on, tested_on, measure) for tested_on in result.names)
            for trained_on in result.names
        )
        for measure in MEASURES
    }


def gap_table(result: Result, *, same_images: bool) -> Table:
    """Return the gaps on the same images, or those of one network, leak-free and over all cases."""
    rows: list[tuple[str, ...]] = []
    fewest: list[int] = []
    for gap in result.matrix.gaps:
        if gap.same_images is same_images:
            cases = "leak-free" if gap.leak_free else "all"
            figures = [signed(gap.differences[name]) for name in MEASURES]
            rows.append((gap.trained_on, gap.tested_on, cases, str(gap.n), str(gap.n_groups), *figures))
            fewest.append(gap.n_groups)
    notes = narrow_words(min(fewest, default=LEAST_GROUPS))
    return Table(("trained on", "tested on", "cases", "images", "groups", *TITLES.values()), rows, notes)


def overlap_table(result: Result) -> Table:
    """Return how many tested cases every pair shares, and what."""
    words = ["id", "file", "lesion", "patient", "picture"]
    more = [word for one in result.overlaps.values() for word in one.counts if word not in (*words, THROUGH_OTHERS)]
    words = [*words, *dict.fromkeys(more), THROUGH_OTHERS]
    rows = [
        (one.trained_on, one.tested_on, str(one.n), str(len(one.shared)), *(str(one.counts.get(w, 0)) for w in words))
        for one in result.overlaps.values()
    ]
    return Table(("trained on", "tested on", "images", "left out", *words), rows)


def set_table(result: Result) -> Table:
    """Return what is known of the data sets."""
    rows = [
        (one.name, one.digest, counted(one.counts), one.sizes, counted(one.licences), one.label_style)
        for one in result.sets
    ]
    return Table(("set", "digest", "cases", f"sizes ({result.split})", "licences", "references drawn by"), rows)


def network_table(result: Result) -> Table:
    """Return what is known of the networks, and where their predictions are."""
    rows = []
    for one in result.networks:
        made_of = ", ".join(f"{key} {value}" for key, value in one.made_of.items()) or "not trained yet"
        folders = [folder for (trained_on, _), folder in result.tables.items() if trained_on == one.trained_on]
        rows.append((one.trained_on, made_of, _short(one.weights), ", ".join(map(_short, folders)) or "none"))
    return Table(("trained on", "network", "weights", "predictions"), rows)


def signed(one: Bounded) -> str:
    """Write a difference and its interval with their signs."""
    return bracketed(one.value, one.low, one.high, "+.3f")


def _pair_rows(result: Result, trained_on: str, tested_on: str) -> list[tuple[str, ...]]:
    whole = result.matrix.cell(trained_on, tested_on, leak_free=False)
    if whole is None:
        return [(trained_on, tested_on, "not scored", "", "", *("" for _ in MEASURES))]
    if not result.overlaps[trained_on, tested_on].shared:
        return [_figures(whole, "all, none shared")]
    free = result.matrix.cell(trained_on, tested_on, leak_free=True)
    left = (trained_on, tested_on, "leak-free: none left", "0", "0", *("" for _ in MEASURES))
    return [_figures(whole, "all"), left if free is None else _figures(free, "leak-free")]


def _figures(cell: Cell, cases: str) -> tuple[str, ...]:
    figures = [bracketed(one.value, one.low, one.high) for one in (cell.scores[name] for name in MEASURES)]
    return (cell.trained_on, cell.tested_on, cases, str(cell.n), str(cell.n_groups), *figures)


def _cell(result: Result, trained_on: str, tested_on: str, measure: str) -> MatrixCell | None:
    whole = result.matrix.cell(trained_on, tested_on, leak_free=False)
    if whole is None:
        return None
    free = result.matrix.cell(trained_on, tested_on, leak_free=True)
    own = trained_on == tested_on
    one = whole.scores[measure] if free is None else free.scores[measure]
    remark = "all are shared" if free is None else ""
    if free is not None and free.n < whole.n:
        remark = f"all {whole.n}: {whole.scores[measure].value:.3f}"
    return MatrixCell(one.value, one.low, one.high, whole.n if free is None else free.n, own, remark)


def _short(path: str | Path) -> str:
    return "/".join(Path(path).parts[-3:])
