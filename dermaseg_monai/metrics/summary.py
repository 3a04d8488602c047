"""Many rows become one result: mean, interval and median of every score, and how many lesions were missed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float
from rich.table import Table as RichTable

from dermaseg_monai.metrics.bootstrap import group_codes, mean_bounds, require_bootstrap
from dermaseg_monai.metrics.case_score import CaseScore
from dermaseg_monai.metrics.least_groups import narrow_words
from dermaseg_monai.metrics.table import Table

SCORES = (
    "dice", "jaccard", "threshold_jaccard", "accuracy", "sensitivity", "specificity", "precision",
    "hd95_px", "assd_px", "hd95_mm", "assd_mm", "surface_dice", "boundary_iou", "volume_error_mm3",
)  # fmt: skip
"""The scores that are summarised, in the order of the table."""


@dataclass(frozen=True)
class ScoreSummary:
    """One score over all images; `low` and `high` bound the mean and are None where one group allows no interval."""

    mean: float
    low: float | None
    high: float | None
    median: float


@dataclass(frozen=True)
class Summary:
    """The result of a test: the mean over images of each score, with its interval.

    A missed lesion (empty prediction, label not) and a false alarm (the other way round) are in every mean and are
    counted beside it. `str(summary)`, `summary.to_markdown()` and `rich.print(summary)` give the same short table.
    """

    scores: Mapping[str, ScoreSummary]
    n: int
    n_groups: int
    n_missed: int
    n_false_alarms: int
    n_both_empty: int
    confidence: float
    draws: int
    seed: int

    def to_dict(self) -> dict[str, object]:
        """Return plain numbers and texts, ready for JSON and for MLflow."""
        return asdict(self)

    def to_json(self) -> str:
        """Return JSON text; it holds no NaN."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def to_markdown(self) -> str:
        """Return a Markdown table."""
        return self._table().markdown()

    def __str__(self) -> str:
        return self._table().plain()

    def __rich__(self) -> RichTable:
        return self._table().rich()

    def _table(self) -> Table:
        images = f"{self.n} images" if self.n_groups == self.n else f"{self.n} images in {self.n_groups} groups"
        counted = f"{images}; lesions missed: {self.n_missed}, false alarms: {self.n_false_alarms}"
        return Table(
            header=("score", f"mean [{100 * self.confidence:g} % interval]", "median"),
            rows=[
                (name, mean_and_interval(name, score.mean, score.low, score.high), written(name, score.median))
                for name, score in self.scores.items()
            ],
            notes=(
                f"{counted}, both empty: {self.n_both_empty}; all are in the means.",
                *narrow_words(self.n_groups),
            ),
        )


def summarise(
    scores: Sequence[CaseScore],
    *,
    groups: Mapping[str, str | None] | None = None,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int,
) -> Summary:
    """Average each score over all images and bound the mean by a percentile bootstrap.

    The bootstrap draws images, or whole groups when `groups` is given (case id to lesion or patient id, None for a case
    of its own): images of one lesion are not independent, and drawing them one by one makes the interval too narrow.

    Raises:
        ValueError: there is no case, an id stands twice, a score is there for some cases only, or a group is not named.
    """
    require_bootstrap(confidence=confidence, draws=draws)
    names, values = score_matrix(scores)
    codes = group_codes([score.case_id for score in scores], groups)
    n_groups = int(codes.max()) + 1
    bounds = mean_bounds(values, codes, confidence=confidence, draws=draws, seed=seed)
    means, medians = values.mean(axis=0), np.median(values, axis=0)
    return Summary(
        scores={
            name: ScoreSummary(mean=float(mean), low=low, high=high, median=float(median))
            for name, mean, (low, high), median in zip(names, means, bounds, medians, strict=True)
        },
        n=len(scores),
        n_groups=n_groups,
        n_missed=sum(score.missed for score in scores),
        n_false_alarms=sum(score.false_alarm for score in scores),
        n_both_empty=sum(score.both_empty for score in scores),
        confidence=confidence,
        draws=draws,
        seed=seed,
    )


def score_matrix(scores: Sequence[CaseScore]) -> tuple[list[str], Float[np.ndarray, "n k"]]:
    """Return the names of the scores that are filled and their values, one row per case.

    Raises:
        ValueError: there is no case, an id stands twice, or a score is there for some cases only.
    """
    if not scores:
        raise ValueError("There is no case to summarise. Score at least one image.")
    case_id, times = Counter(score.case_id for score in scores).most_common(1)[0]
    if times > 1:
        raise ValueError(f"Case {case_id} stands {times} times among the scores, but an image counts once.")
    names = []
    for name in SCORES:
        missing = [score.case_id for score in scores if getattr(score, name) is None]
        if not missing:
            names.append(name)
        elif len(missing) < len(scores):
            raise ValueError(
                f"{len(missing)} of {len(scores)} cases have no {name}, first {missing[0]}. "
                "Score all cases alike: a mean over some of them is the mean of another test."
            )
    return names, np.array([[getattr(score, name) for name in names] for score in scores], dtype=float)


def written(name: str, value: float) -> str:
    """Write a score with 3 decimals, pixels with 1, mm and mm³ with 3, and the unit."""
    unit = {"px": " px", "mm": " mm", "mm3": " mm³"}.get(name.rpartition("_")[2], "")
    return f"{value:.{1 if unit == ' px' else 3}f}{unit}"


def mean_and_interval(name: str, mean: float, low: float | None, high: float | None) -> str:
    """Write `mean [low, high]`, or the mean alone where there is no interval."""
    if low is None or high is None:
        return written(name, mean)
    lowest, highest = (written(name, bound).partition(" ")[0] for bound in (low, high))
    return f"{written(name, mean)} [{lowest}, {highest}]"
