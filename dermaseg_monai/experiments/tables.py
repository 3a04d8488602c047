"""The tables of cases that the runs have left, checked to be of the same images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.job import DONE, FAILED
from dermaseg_monai.experiments.plan import Run
from dermaseg_monai.files import read_object
from dermaseg_monai.metrics import CaseScore, read_scores
from dermaseg_monai.metrics.summary import score_matrix

MEASURES: Final = (
    "jaccard", "threshold_jaccard", "dice", "hd95_px", "hd95_mm", "surface_dice", "boundary_iou",
)  # fmt: skip
"""The scores an ablation reports, those of them that were computed."""
SMALLER_IS_BETTER: Final = frozenset({"hd95_px", "hd95_mm"})


@dataclass(frozen=True)
class Scored:
    """The runs that were scored, in the order of the plan.

    Attributes:
        runs: the runs.
        case_ids: the images, the same of every run.
        measures: names of the scores.
        values: runs, images, scores.
        absent: name of every other run, and why it has no scores.
    """

    runs: tuple[Run, ...]
    case_ids: tuple[str, ...]
    measures: tuple[str, ...]
    values: Float[np.ndarray, "r n k"]
    absent: Mapping[str, str]


def collect(runs: Sequence[Run]) -> Scored:
    """Read what the runs were scored with.

    Raises:
        DataError: two runs were scored on other images or reference masks, or with other scores; names both.
    """
    tables, absent = {}, {}
    for run in runs:
        if (run.cases.parent / DONE).is_file():
            tables[run.name] = sorted(read_scores(run.cases), key=lambda score: score.case_id)
        else:
            absent[run.name] = why_absent(run.folder)
    done = [run for run in runs if run.name in tables]
    if not done:
        return Scored((), (), (), np.zeros((0, 0, 0)), absent)
    for run in done[1:]:
        require_same_cases(done[0].name, tables[done[0].name], run.name, tables[run.name])
    names, _ = score_matrix(tables[done[0].name])
    measures = [name for name in MEASURES if name in names]
    values = []
    for run in done:
        found, matrix = score_matrix(tables[run.name])
        if found != names:
            odd = ", ".join(sorted(set(found) ^ set(names)))
            raise DataError(f"{done[0].name} and {run.name} differ in having {odd}. Score both alike: run them anew.")
        values.append(matrix[:, [names.index(name) for name in measures]])
    ids = tuple(score.case_id for score in tables[done[0].name])
    return Scored(tuple(done), ids, tuple(measures), np.stack(values), absent)


def why_absent(folder: Path) -> str:
    """Return why a run has no scores: failed, with its error, or not finished."""
    failed = read_object(folder / FAILED)
    if "error" in failed:
        return f"failed: {failed['error']}"
    return "not finished" if folder.is_dir() else "not started"


def require_same_cases(one: str, left: Sequence[CaseScore], other: str, right: Sequence[CaseScore]) -> None:
    """Refuse two tables, each in the order of case ids, that are not of the same images and reference masks.

    Raises:
        DataError: names both, the number of odd cases and the first.
    """
    alone = sorted({score.case_id for score in left} ^ {score.case_id for score in right})
    if alone:
        raise DataError(
            f"{one} and {other} were scored on different images: {len(alone)} stand on one side only, first {alone[0]}."
            " Runs are compared on the same images alone; evaluate them on one split of one manifest."
        )
    masks = [a.case_id for a, b in zip(left, right, strict=True) if a.label_px != b.label_px]
    if masks:
        raise DataError(
            f"{one} and {other} were scored against different masks: {len(masks)} differ in size, first {masks[0]}. "
            "Evaluate them on one manifest."
        )
