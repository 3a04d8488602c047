"""What a comparison of evaluations leaves behind: a page in Markdown, two tables in CSV, and a picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

import pandas as pd

from dermaseg_monai.experiments.evaluations import EvaluationComparison
from dermaseg_monai.experiments.summary import UNITS, Contrast, Figure
from dermaseg_monai.experiments.tolerance import Tolerance, tolerance_words
from dermaseg_monai.files import write_text
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.least_groups import narrow_words
from dermaseg_monai.metrics.spreadsheet import write_table
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.intervals import IntervalRow, save_intervals
from dermaseg_monai.report.palette import NOTICE

_TITLES: Final[Mapping[str, str]] = {
    "dice": "Dice ↑",
    "jaccard": "Jaccard ↑",
    "threshold_jaccard": "threshold Jaccard ↑",
    "hd95_px": "HD95 (px) ↓",
    "assd_px": "ASSD (px) ↓",
    "hd95_mm": "HD95 (mm) ↓",
    "assd_mm": "ASSD (mm) ↓",
    "surface_dice": "surface Dice ↑",
    "volume_error_mm3": "volume error (mm³), 0 is best",
    "volume_off_mm3": "volume error without sign (mm³) ↓",
}

_FEW: Final = 12
"""Below so many groups the exact test has so few values that the correction may leave none small."""
_One = TypeVar("_One", Figure, Contrast)


def write_comparison(
    folder: Path,
    found: EvaluationComparison,
    folders: Mapping[str, Path],
    *,
    tolerances: Mapping[str, Tolerance | None],
) -> list[Path]:
    """Write comparison.md, scores.csv, differences.csv and scores.png; return their paths.

    Args:
        folder: where to write.
        found: the comparison.
        folders: name to the evaluation's folder, to be named in the page by its last two parts.
        tolerances: name to that of its surface Dice, where it is stated; those that are stated are one.
    """
    write_text(folder / "comparison.md", markdown(found, folders, tolerances=tolerances))
    figures = [{key: value for key, value in asdict(one).items() if key != "seeds"} for one in found.figures]
    write_table(folder / "scores.csv", pd.DataFrame([_renamed(row) for row in figures]))
    write_table(folder / "differences.csv", pd.DataFrame([_renamed(asdict(one)) for one in found.contrasts]))
    note = f"mean and {100 * found.confidence:g} % interval over {found.n_cases} cases"
    save_intervals(folder / "scores.png", _panels(found), title=" / ".join(found.names), note=note, zero=False)
    return [folder / name for name in ("comparison.md", "scores.csv", "differences.csv", "scores.png")]


def score_table(found: EvaluationComparison) -> Table:
    """Return one row per score, one column per evaluation."""
    rows = _rows(found.figures, lambda one: bracketed(one.mean, one.low, one.high))
    return Table(("score", *found.names), rows, narrow_words(found.n_groups))


def difference_table(found: EvaluationComparison) -> Table:
    """Return one row per score: every further evaluation minus the first."""
    rows = _rows(found.contrasts, lambda one: one.written("+.3f"))
    header = ("score", *(f"{name} - {found.names[0]}" for name in found.names[1:]))
    return Table(header, rows, narrow_words(found.n_groups))


def markdown(
    found: EvaluationComparison, folders: Mapping[str, Path], *, tolerances: Mapping[str, Tolerance | None]
) -> str:
    """Return the comparison as a page."""
    interval = f"{100 * found.confidence:g} % interval"
    cases = f"{found.n_cases} cases" + (f" in {found.n_groups} groups" if found.n_groups < found.n_cases else "")
    smallest = 2.0 ** (1 - found.n_groups)  # all differences of one sign
    bound = (
        f" With {found.n_groups} groups no p can be below {smallest:.2g} before and "
        f"{min(1.0, smallest * len(found.contrasts)):.2g} after the correction."
    )
    how = (
        f"Mean over cases [{interval}], a percentile bootstrap of {found.draws} draws (seed {found.seed}) that draws "
        "the same groups of cases for all. It speaks of other cases, not of other trainings: each is one network."
    )
    test = (
        f"On the same cases: mean difference [{interval}], p. p: Wilcoxon's signed-rank test over groups of cases, "
        f"corrected by Holm for all {len(found.contrasts)} differences. {UNITS}"
    )
    contours = any(one.score == "surface_dice" for one in found.figures)
    parts = [
        f"# {' / '.join(found.names)}",
        f"Evaluated on the same {cases}.",
        score_table(found).markdown(),
        how + (f" {tolerance_words(tolerances)}" if contours else ""),
        f"## Differences from {found.names[0]}",
        difference_table(found).markdown(),
        test + (bound if found.n_groups < _FEW else ""),
        "\n".join(f"- {name}: `{'/'.join(folder.resolve().parts[-2:])}`" for name, folder in folders.items()),
        NOTICE,
    ]
    return "\n\n".join(parts) + "\n"


def _rows(found: Sequence[_One], cell: Callable[[_One], str]) -> list[tuple[str, ...]]:
    rows: dict[str, list[str]] = {}
    for one in found:
        rows.setdefault(one.score, []).append(cell(one))
    return [(_TITLES[score], *cells) for score, cells in rows.items()]


def _panels(found: EvaluationComparison) -> dict[str, list[IntervalRow]]:
    panels: dict[str, list[IntervalRow]] = {}
    for one in found.figures:
        row = IntervalRow(one.setting, one.mean, one.low, one.high)
        panels.setdefault(_TITLES[one.score], []).append(row)
    return panels


def _renamed(row: Mapping[str, Any]) -> dict[str, Any]:
    words = {"setting": "evaluation", "baseline": "compared_with"}
    return {words.get(key, key): value for key, value in row.items()}
