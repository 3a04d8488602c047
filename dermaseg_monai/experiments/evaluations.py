"""Evaluations of several networks on the same cases: scores, intervals, differences from the first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.resampling import holm, paired_p, redrawn_means
from dermaseg_monai.experiments.summary import Contrast, Figure
from dermaseg_monai.experiments.tables import require_same_cases
from dermaseg_monai.metrics import CaseScore
from dermaseg_monai.metrics.bootstrap import group_codes, percentile_interval, require_bootstrap
from dermaseg_monai.metrics.summary import score_matrix

MEASURES: Final = (
    "dice", "jaccard", "threshold_jaccard", "hd95_px", "assd_px", "hd95_mm", "assd_mm", "surface_dice",
    "volume_error_mm3", "volume_off_mm3",
)  # fmt: skip
"""The scores that are compared, those of them that were computed; `volume_off_mm3` is the volume error without sign.
Threshold Jaccard, which ISIC defines for photographs, is left out of volumes."""


@dataclass(frozen=True)
class EvaluationComparison:
    """What the tables say.

    Attributes:
        names: of the evaluations; the first is what the others are compared with.
        figures: mean and interval of every score of every evaluation.
        contrasts: every score of every further evaluation minus that of the first, except of the signed volume error,
            of which less is not better.
        n_cases: cases.
        n_groups: of cases that belong together, the units of intervals and tests.
        confidence: of the intervals.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """

    names: tuple[str, ...]
    figures: tuple[Figure, ...]
    contrasts: tuple[Contrast, ...]
    n_cases: int
    n_groups: int
    confidence: float
    draws: int
    seed: int


def compare_evaluations(
    tables: Mapping[str, Sequence[CaseScore]],
    *,
    groups: Mapping[str, str | None] | None,
    volumes: bool,
    confidence: float,
    draws: int,
    seed: int,
) -> EvaluationComparison:
    """Average every score and compare each evaluation with the first, case by case.

    Intervals are a percentile bootstrap that draws the same groups of cases for all; p is Wilcoxon's signed-rank test
    over the groups, corrected by Holm for the number of contrasts together.

    Args:
        tables: name to scores, two or more.
        groups: case id to what it shares with others (None: nothing).
        volumes: whether the cases are volumes, of which threshold Jaccard is left out.
        confidence: of the intervals.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        DataError: fewer than two tables, fewer than two groups, or tables of other cases, reference masks or scores.
    """
    require_bootstrap(confidence=confidence, draws=draws)
    if len(tables) < 2:  # noqa: PLR2004 (one cannot be compared)
        raise DataError("There is one evaluation. Give two or more to compare: NAME=FOLDER NAME=FOLDER.")
    ids, measures, values = _stacked(tables, left_out={"threshold_jaccard"} if volumes else set())
    codes = group_codes(ids, groups)
    n_groups = int(codes.max()) + 1
    if n_groups == 1:
        raise DataError(f"All {len(ids)} cases belong together, so nothing says how far a mean would move. Score more.")
    redrawn = redrawn_means(values, codes, draws=draws, seed=seed)
    names = tuple(tables)
    figures = [
        Figure(name, score, float(mean), low, high, {})
        for at, name in enumerate(names)
        for score, mean, (low, high) in zip(
            measures,
            values[at].mean(axis=0),
            percentile_interval(redrawn[:, at], confidence=confidence),
            strict=True,
        )
    ]
    contrasts = [
        Contrast(name, names[0], score, float(values[at, :, k].mean() - values[0, :, k].mean()), low, high, p, p)
        for at, name in enumerate(names[1:], start=1)
        for k, (score, (low, high)) in enumerate(
            zip(measures, percentile_interval(redrawn[:, at] - redrawn[:, 0], confidence=confidence), strict=True)
        )
        if score != "volume_error_mm3"
        for p in [paired_p(values[at, :, k] - values[0, :, k], codes)]
    ]
    corrected = holm([one.p for one in contrasts])
    return EvaluationComparison(
        names,
        tuple(figures),
        tuple(replace(one, p_holm=p) for one, p in zip(contrasts, corrected, strict=True)),
        len(ids),
        n_groups,
        confidence,
        draws,
        seed,
    )


def _stacked(
    tables: Mapping[str, Sequence[CaseScore]], *, left_out: set[str]
) -> tuple[list[str], list[str], np.ndarray]:
    first, *others = tables
    ordered = {name: sorted(rows, key=lambda row: row.case_id) for name, rows in tables.items()}
    found = {name: _measured(rows) for name, rows in ordered.items()}
    for other in others:
        require_same_cases(first, ordered[first], other, ordered[other])
        odd = sorted(set(found[first]) ^ set(found[other]))
        if odd:
            raise DataError(f"{first} and {other} differ in having {', '.join(odd)}. Evaluate both alike.")
    measures = [score for score in found[first] if score not in left_out]
    values = np.stack([np.stack([found[name][score] for score in measures], axis=1) for name in tables])
    return [row.case_id for row in ordered[first]], measures, values


def _measured(rows: Sequence[CaseScore]) -> dict[str, np.ndarray]:
    names, matrix = score_matrix(rows)
    columns = dict(zip(names, matrix.T, strict=True))
    if "volume_error_mm3" in columns:
        columns["volume_off_mm3"] = np.abs(columns["volume_error_mm3"])
    return {name: columns[name] for name in MEASURES if name in columns}
