"""Two models on the same images: the paired difference of their means, with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermaseg_monai.metrics.bootstrap import bootstrap_means, group_codes, percentile_interval
from dermaseg_monai.metrics.case_score import CaseScore
from dermaseg_monai.metrics.summary import score_matrix


@dataclass(frozen=True)
class Difference:
    """One score: the mean of a, the mean of b, a - b, and the interval of a - b."""

    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float


def compare(
    scores_a: Sequence[CaseScore],
    scores_b: Sequence[CaseScore],
    *,
    groups: Mapping[str, str | None] | None = None,
    seed: int,
) -> dict[str, Difference]:
    """Bound the mean of a - b, image by image, by a bootstrap over images or `groups` (see `summarise`).

    Raises:
        ValueError: the two hold other case ids or other scores, fewer than two groups, or what `summarise` refuses.
    """
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
    bounds = percentile_interval(bootstrap_means(a - b, codes, draws=2000, seed=seed), confidence=0.95)
    means = zip(a.mean(axis=0).tolist(), b.mean(axis=0).tolist(), (a - b).mean(axis=0).tolist(), bounds, strict=True)
    return {
        name: Difference(one, other, gap, *ends) for name, (one, other, gap, ends) in zip(names, means, strict=True)
    }
