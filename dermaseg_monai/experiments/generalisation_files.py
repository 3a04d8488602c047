"""What a matrix leaves behind: tables in CSV, a summary in JSON and Markdown, a heat map and a page."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from dermaseg_monai import __version__
from dermaseg_monai.experiments.generalisation_differences import NetworkFacts, SetFacts, counted, differences
from dermaseg_monai.experiments.generalisation_matrix import MEASURES, Bounded, Cell, Gap, Matrix
from dermaseg_monai.experiments.generalisation_overlap import THROUGH_OTHERS, Overlap
from dermaseg_monai.files import replacing, write_json, write_text
from dermaseg_monai.manifest import Split
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.generalisation_cell import MatrixCell, MatrixRows
from dermaseg_monai.report.generalisation_heat_map import save_heat_map
from dermaseg_monai.report.generalisation_page import GeneralisationPage, write_generalisation_page
from dermaseg_monai.report.palette import NOTICE

TITLES: Final[Mapping[str, str]] = {"dice": "Dice", "jaccard": "Jaccard", "threshold_jaccard": "threshold Jaccard"}
_SAME_IMAGES: Final = "Gap on the same images"
_OVERLAP_COLUMNS: Final = ("trained_on", "tested_on", "case_id", "shares")
_OTHER_IMAGES: Final = "Gap of the same network"


@dataclass(frozen=True)
class Result:
    """All that a matrix found.

    Attributes:
        name: of the matrix.
        split: what was tested on.
        sets: the data sets, in the order of rows and columns.
        networks: one per set.
        overlaps: of every pair (trained on, tested on).
        matrix: scores and gaps.
        tables: pair to the folder of its predictions, where it was scored.
        missing: what was not scored, and why.
    """

    name: str
    split: Split
    sets: Sequence[SetFacts]
    networks: Sequence[NetworkFacts]
    overlaps: Mapping[tuple[str, str], Overlap]
    matrix: Matrix
    tables: Mapping[tuple[str, str], Path]
    missing: Sequence[str]

    @property
    def names(self) -> list[str]:
        """The data sets."""
        return [one.name for one in self.sets]

    @property
    def whats_different(self) -> list[str]:
        """Sentences: what a gap may come from besides the pictures trained on."""
        return differences(self.sets, self.networks)


def write_result(folder: Path, result: Result) -> list[Path]:
    """Write matrix.csv, gaps.csv, overlap.csv, summary.json, summary.md, matrix.png, index.html; return their paths."""
    write_text(folder / "summary.md", markdown(result))
    write_json(folder / "summary.json", _json(result))
    _write_csv(folder / "matrix.csv", [_cell_row(result, cell) for cell in result.matrix.cells])
    _write_csv(folder / "gaps.csv", [_gap_row(gap) for gap in result.matrix.gaps])
    _write_csv(folder / "overlap.csv", _overlap_rows(result), _OVERLAP_COLUMNS)
    save_heat_map(folder / "matrix.png", matrices(result), result.names, title=_title(result), note=_cell_note(result))
    write_generalisation_page(folder / "index.html", _page(result))
    names = ("summary.md", "summary.json", "matrix.csv", "gaps.csv", "overlap.csv", "matrix.png", "index.html")
    return [folder / name for name in names]


def matrix_table(result: Result) -> Table:
    """Return one row per pair: the scores without what the two sets share, and over all images where that differs."""
    rows = []
    for trained_on in result.names:
        for tested_on in result.names:
            rows += _pair_rows(result, trained_on, tested_on)
    return Table(("trained on", "tested on", "cases", "images", *TITLES.values()), rows)


def matrices(result: Result) -> dict[str, MatrixRows]:
    """Return the cells of every score; a cell is without the shared cases, unless nothing is left without them."""
    return {
        f"{TITLES[measure]} ↑": tuple(
            tuple(_cell(result, trained_on, tested_on, measure) for tested_on in result.names)
            for trained_on in result.names
        )
        for measure in MEASURES
    }


def markdown(result: Result) -> str:
    """Return the summary as a page."""
    page = _page(result)
    parts = [f"# {page.title}", *page.lead]
    if page.missing:
        parts += ["## Not scored", _bullets(page.missing)]
    parts += ["## Trained on, tested on", matrix_table(result).markdown(), page.matrix_note]
    for heading, (table, words) in page.gaps.items():
        parts += [f"## {heading}", table.markdown(), words]
    parts += ["## Shared cases", page.overlap.markdown(), *page.overlap_note]
    parts += ["## What else differs", _bullets(page.differences)]
    parts += ["## Data sets", page.sets.markdown(), "## Networks", page.networks.markdown()]
    parts += ["## How it was made", *page.method, NOTICE]
    return "\n\n".join(part for part in parts if part) + "\n"


def _page(result: Result) -> GeneralisationPage:
    return GeneralisationPage(
        title=_title(result),
        lead=_lead(result),
        names=result.names,
        matrices=matrices(result),
        matrix_note=_cell_note(result),
        gaps={
            heading: (_gap_table(result, same_images=same), _GAP_WORDS[heading])
            for heading, same in ((_SAME_IMAGES, True), (_OTHER_IMAGES, False))
            if any(gap.same_images is same for gap in result.matrix.gaps)
        },
        overlap=_overlap_table(result),
        overlap_note=_OVERLAP_WORDS,
        differences=result.whats_different,
        sets=_set_table(result),
        networks=_network_table(result),
        method=_method(result),
        missing=result.missing,
    )


_GAP_WORDS: Final[Mapping[str, str]] = {
    _SAME_IMAGES: (
        "On the images of the set tested on: the network that was trained on that set minus the one that was trained "
        "elsewhere. Both see the same images, so how hard they are plays no part. Above 0: training elsewhere costs."
    ),
    _OTHER_IMAGES: (
        "One network: its score on its own set minus its score on the other set. The images differ, so that this also "
        "holds how hard each set is and how its references were drawn."
    ),
}
_OVERLAP_WORDS: Final = (
    (
        "A tested case is left out of the leak-free score where its id, file, lesion, patient or picture stands in "
        "train or val of the set trained on, or where it is tied to such a case through another picture of the same "
        "lesion or patient. A case may share several."
    ),
    "What neither manifest tells (a lesion without an id) is not found.",
)


def _lead(result: Result) -> list[str]:
    found = []
    for gap in result.matrix.gaps:
        if gap.same_images and gap.leak_free:
            one = gap.differences["dice"]
            sides = _bounds(one)
            verdict = "which is not told apart from none" if _holds_zero(one) else _verdict(one)
            found.append(
                f"On {gap.n} {result.split} images of {gap.tested_on} (shared cases left out), the network trained on "
                f"{gap.trained_on} reaches a Dice {abs(one.value):.3f} {'lower' if one.value >= 0 else 'higher'} than "
                f"the one trained on {gap.tested_on} (difference {sides}), {verdict}."
            )
    return found


def _verdict(one: Bounded) -> str:
    if one.low is None:
        return "without an interval, because all images are of one group"
    return "so that training elsewhere costs" if one.value > 0 else "so that training elsewhere does not cost"


def _holds_zero(one: Bounded) -> bool:
    return one.low is not None and one.high is not None and one.low <= 0 <= one.high


def _method(result: Result) -> list[str]:
    matrix = result.matrix
    return [
        (
            f"Every score is the mean over images of the {result.split} split; both masks empty counts 1, a Jaccard "
            "below 0.65 counts 0 in threshold Jaccard. Masks are compared at the size of the pictures of the set."
        ),
        (
            f"Intervals ({100 * matrix.confidence:g} %) are a percentile bootstrap of {matrix.draws} draws (seed "
            f"{matrix.seed}) over groups of images: pictures of one lesion or patient are drawn together. They say how "
            "far a figure would move with other images; there is one network per set, so that another training with "
            f"another seed may move it further. dermaseg_monai {__version__}."
        ),
    ]


def _pair_rows(result: Result, trained_on: str, tested_on: str) -> list[tuple[str, ...]]:
    whole = result.matrix.cell(trained_on, tested_on, leak_free=False)
    if whole is None:
        return [(trained_on, tested_on, "not scored", "", *("" for _ in MEASURES))]
    if not result.overlaps[trained_on, tested_on].shared:
        return [_figures(whole, "all, none shared")]
    free = result.matrix.cell(trained_on, tested_on, leak_free=True)
    left = (trained_on, tested_on, "leak-free: none left", "0", *("" for _ in MEASURES))
    return [_figures(whole, "all"), left if free is None else _figures(free, "leak-free")]


def _figures(cell: Cell, cases: str) -> tuple[str, ...]:
    figures = [f"{one.value:.3f} {_interval(one)}".strip() for one in (cell.scores[name] for name in MEASURES)]
    return (cell.trained_on, cell.tested_on, cases, str(cell.n), *figures)


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


def _gap_table(result: Result, *, same_images: bool) -> Table:
    rows = []
    for gap in result.matrix.gaps:
        if gap.same_images is same_images:
            cases = "leak-free" if gap.leak_free else "all"
            figures = [_bounds(gap.differences[name]) for name in MEASURES]
            rows.append((gap.trained_on, gap.tested_on, cases, str(gap.n), *figures))
    return Table(("trained on", "tested on", "cases", "images", *TITLES.values()), rows)


def _overlap_table(result: Result) -> Table:
    words = ["id", "file", "lesion", "patient"]
    more = [word for one in result.overlaps.values() for word in one.counts if word not in (*words, THROUGH_OTHERS)]
    words = [*words, *dict.fromkeys(more), THROUGH_OTHERS]
    rows = [
        (one.trained_on, one.tested_on, str(one.n), str(len(one.shared)), *(str(one.counts.get(w, 0)) for w in words))
        for one in result.overlaps.values()
    ]
    return Table(("trained on", "tested on", "images", "left out", *words), rows)


def _set_table(result: Result) -> Table:
    rows = [
        (one.name, one.digest, counted(one.counts), one.sizes, counted(one.licences), one.label_style)
        for one in result.sets
    ]
    return Table(("set", "digest", "cases", f"sizes ({result.split})", "licences", "references drawn by"), rows)


def _network_table(result: Result) -> Table:
    rows = []
    for one in result.networks:
        made_of = ", ".join(f"{key} {value}" for key, value in one.made_of.items()) or "not trained yet"
        folders = [folder for (trained_on, _), folder in result.tables.items() if trained_on == one.trained_on]
        rows.append((one.trained_on, made_of, _short(one.weights), ", ".join(map(_short, folders)) or "none"))
    return Table(("trained on", "network", "weights", "predictions"), rows)


def _short(path: str | Path) -> str:
    return "/".join(Path(path).parts[-3:])


def _json(result: Result) -> dict[str, Any]:
    matrix = result.matrix
    return {
        "schema": 1,
        "dermaseg_monai": __version__,
        "name": result.name,
        "split": result.split,
        "confidence": matrix.confidence,
        "draws": matrix.draws,
        "seed": matrix.seed,
        "sets": [asdict(one) for one in result.sets],
        "networks": [asdict(one) for one in result.networks],
        "cells": [asdict(one) for one in matrix.cells],
        "gaps": [asdict(one) for one in matrix.gaps],
        "overlaps": [
            {
                "trained_on": one.trained_on,
                "tested_on": one.tested_on,
                "n": one.n,
                "left_out": len(one.shared),
                "counts": one.counts,
            }
            for one in result.overlaps.values()
        ],
        "differences": result.whats_different,
        "missing": list(result.missing),
        "purpose": NOTICE,
    }


def _cell_row(result: Result, cell: Cell) -> dict[str, Any]:
    row: dict[str, Any] = {"trained_on": cell.trained_on, "tested_on": cell.tested_on, "split": result.split}
    row |= {"cases": "leak-free" if cell.leak_free else "all", "n": cell.n, "n_groups": cell.n_groups}
    row["left_out"] = len(result.overlaps[cell.trained_on, cell.tested_on].shared) if cell.leak_free else 0
    return row | _columns(cell.scores)


def _gap_row(gap: Gap) -> dict[str, Any]:
    row: dict[str, Any] = {"trained_on": gap.trained_on, "tested_on": gap.tested_on}
    row["images"] = "the same" if gap.same_images else "of each set"
    return row | {"cases": "leak-free" if gap.leak_free else "all", "n": gap.n} | _columns(gap.differences)


def _columns(scores: Mapping[str, Bounded]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, one in scores.items():
        row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    return row


def _overlap_rows(result: Result) -> list[dict[str, str]]:
    return [
        {"trained_on": one.trained_on, "tested_on": one.tested_on, "case_id": case_id, "shares": ", ".join(words)}
        for one in result.overlaps.values()
        for case_id, words in one.shared.items()
    ]


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    columns = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _bounds(one: Bounded) -> str:
    if one.low is None or one.high is None:
        return f"{one.value:+.3f}"
    return f"{one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"


def _interval(one: Bounded) -> str:
    return "" if one.low is None or one.high is None else f"[{one.low:.3f}, {one.high:.3f}]"


def _title(result: Result) -> str:
    return f"Generalisation: {result.name}"


def _cell_note(result: Result) -> str:
    return (
        f"Mean [{100 * result.matrix.confidence:g} % interval] over the {result.split} images of the column without "
        "those that the row's training side shares; below it the mean over all images where some were left out. "
        "Framed: trained and tested on the same set."
    )


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "Nothing that the manifests and the weights tell."
