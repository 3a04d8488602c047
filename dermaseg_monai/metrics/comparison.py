"""Two models on the same images: the paired difference of their means, with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table as RichTable

from dermaseg_monai.metrics.bootstrap import bootstrap_means, group_codes, percentile_interval, require_bootstrap
from dermaseg_monai.metrics.case_score import CaseScore
from dermaseg_monai.metrics.least_groups import narrow_words
from dermaseg_monai.metrics.summary import score_matrix, written
from dermaseg_monai.metrics.table import Table


@dataclass(frozen=True)
class Difference:
    """One score: the mean of a, the mean of b, a - b, and the interval of a - b."""

    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """All scores of a against b; printed as `str`, Markdown or by rich."""

    scores: Mapping[str, Difference]
    n: int
    n_groups: int
    confidence: float
    draws: int
    seed: int

    def to_dict(self) -> dict[str, object]:
        """Return plain numbers and texts, ready for JSON."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Return a Markdown table."""
        return self._table().markdown()

    def __str__(self) -> str:
        return self._table().plain()

    def __rich__(self) -> RichTable:
        return self._table().rich()

    def _table(self) -> Table:
        images = f"{self.n} images" if self.n_groups == self.n else f"{self.n} images in {self.n_groups} groups"
        return Table(
            header=("score", "a", "b", f"a - b [{100 * self.confidence:g} % interval]"),
            rows=[
                (name, written(name, row.mean_a), written(name, row.mean_b), _signed(name, row))
                for name, row in self.scores.items()
            ],
            notes=(f"The same {images}, paired.", *narrow_words(self.n_groups)),
        )


def compare(
    scores_a: Sequence[CaseScore],
    scores_b: Sequence[CaseScore],
    *,
    groups: Mapping[str, str | None] | None = None,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int,
) -> Comparison:
    """Bound the mean of a - b, image by image, by a bootstrap over images or `groups` (see `summarise`).

    Raises:
        ValueError: the two hold other case ids or other scores, fewer than two groups, or what `summarise` refuses.
    """
    require_bootstrap(confidence=confidence, draws=draws)
    ids = [score.case_id for score in scores_a]
    by_id = {score.case_id: score for score in scores_b}
    names, a = score_matrix(scores_a)
    names_b, _ = score_matrix(scores_b)
    alone = sorted(set(ids) ^ set(by_id))
    if alone:
        raise ValueError(f"{len(alone)} cases are scored on one side only, first {alone[0]}. Compare the same images.")
    if names != names_b:
        odd = ", ".join(sorted(set(names) ^ set(names_b)))
        raise ValueError(f"One side only has {odd}. Score both alike.")
    codes = group_codes(ids, groups)
    n_groups = int(codes.max()) + 1
    if n_groups == 1:
        raise ValueError(f"All {len(ids)} cases are of one group: an interval needs at least two.")
    _, b = score_matrix([by_id[case_id] for case_id in ids])
    low, high = percentile_interval(bootstrap_means(a - b, codes, draws=draws, seed=seed), confidence=confidence)
    columns = (a.mean(axis=0), b.mean(axis=0), (a - b).mean(axis=0), low, high)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return Comparison(
        scores={name: Difference(*row) for name, row in zip(names, rows, strict=True)},
        n=len(ids),
        n_groups=n_groups,
        confidence=confidence,
        draws=draws,
        seed=seed,
    )


def _signed(name: str, row: Difference) -> str:
    value, low, high = (
        ("+" if number >= 0 else "") + written(name, number).partition(" ")[0]
        for number in (row.difference, row.low, row.high)
    )
    return f"{value} [{low}, {high}]"
