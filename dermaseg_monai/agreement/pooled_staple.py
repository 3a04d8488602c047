"""STAPLE over a whole data set: one sensitivity and one specificity per annotator."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from dermaseg_monai.agreement.vote_patterns import VotePatterns

_FIRST_GUESS = 0.99999  # ITK's
_STILL = 1e-10
_ENOUGH = 2000


@dataclass(frozen=True, eq=False)
class _Ballots:
    """All votes of all cases in long form: a vote is (pattern, annotator, yes or no)."""

    annotators: tuple[str, ...]
    who: Int[np.ndarray, " votes"]
    pattern: Int[np.ndarray, " votes"]
    yes: Float[np.ndarray, " votes"]
    pixels: Float[np.ndarray, " patterns"]
    prior: Float[np.ndarray, " patterns"]


def pooled_staple(votes: Sequence[VotePatterns]) -> pd.DataFrame:
    """Return one row per annotator: sensitivity, specificity, images, images_of_three, by annotator.

    Expectation-maximisation over all cases at once: each annotator has one sensitivity and one specificity everywhere,
    each case its own hidden truth and, as prior, the mean share of its neighbourhood that its readers outlined. It runs
    on counts of vote patterns, not on pixels, so memory follows the number of cases. Cases may have any readers.
    With one case whose neighbourhood is the whole picture it is ITK's STAPLE.

    **With two readers the truth is not determined**: a tight and a loose outline are explained as well by one being
    right as by the other, and the start decides. `images_of_three` says how many of an annotator's images have three
    readers or more; where it is 0 the two figures are no evidence about that annotator.

    NaN where the estimated truth holds no lesion (sensitivity) or no skin (specificity).

    Source: Warfield, Zou and Wells 2004 (10.1109/TMI.2004.828354); ours pools the cases.
    """
    columns = ["annotator", "sensitivity", "specificity", "images", "images_of_three"]
    cast = _cast(votes)
    if cast is None:
        return pd.DataFrame(columns=columns)
    sensitivity, specificity = _estimate(cast)
    images = {name: [one for one in votes if name in one.annotators] for name in cast.annotators}
    rows = [
        (name, sensitivity[at], specificity[at], len(images[name]), sum(_of_three(one) for one in images[name]))
        for at, name in enumerate(cast.annotators)
    ]
    return pd.DataFrame(rows, columns=columns)


def _of_three(votes: VotePatterns) -> bool:
    return len(set(votes.annotators)) > 2  # noqa: PLR2004 (three readers)


def _cast(votes: Sequence[VotePatterns]) -> _Ballots | None:
    compared = [one for one in votes if len(set(one.annotators)) > 1]
    if not compared:
        return None
    names = tuple(sorted({name for one in compared for name in one.annotators}))
    number = {name: at for at, name in enumerate(names)}
    starts = np.cumsum([0, *(len(one.pixels) for one in compared)])
    who = [np.tile([number[name] for name in one.annotators], len(one.pixels)) for one in compared]
    pattern = [
        np.repeat(np.arange(start, start + len(one.pixels)), len(one.annotators))
        for start, one in zip(starts[:-1], compared, strict=True)
    ]
    priors = [np.average(one.patterns.mean(axis=1), weights=one.pixels) for one in compared]
    return _Ballots(
        names,
        np.concatenate(who),
        np.concatenate(pattern),
        np.concatenate([one.patterns.ravel().astype(float) for one in compared]),
        np.concatenate([one.pixels.astype(float) for one in compared]),
        np.repeat(priors, np.diff(starts)),
    )


def _estimate(cast: _Ballots) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    sensitivity = np.full(len(cast.annotators), _FIRST_GUESS)
    specificity = sensitivity.copy()
    lesion = cast.pixels
    for _ in range(_ENOUGH):
        lesion = cast.pixels * _truth(cast, sensitivity, specificity)
        before = np.concatenate([sensitivity, specificity])
        sensitivity = _share(cast, lesion, cast.yes, sensitivity)
        specificity = _share(cast, cast.pixels - lesion, 1 - cast.yes, specificity)
        if np.abs(np.concatenate([sensitivity, specificity]) - before).max() < _STILL:
            break
    unknown = np.full(len(sensitivity), np.nan)
    return _share(cast, lesion, cast.yes, unknown), _share(cast, cast.pixels - lesion, 1 - cast.yes, unknown)


def _truth(
    cast: _Ballots, sensitivity: Float[np.ndarray, " n"], specificity: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " patterns"]:
    """Return the probability that the pixels of each pattern are lesion."""
    p, q = sensitivity[cast.who], specificity[cast.who]
    with np.errstate(divide="ignore"):  # a vote that an infallible annotator never gives has the logarithm -inf
        of_lesion = np.log(np.where(cast.yes > 0, p, 1 - p))
        of_skin = np.log(np.where(cast.yes > 0, 1 - q, q))
        odds = [np.log(cast.prior), np.log1p(-cast.prior)]
    for at, votes in enumerate((of_lesion, of_skin)):
        odds[at] = odds[at] + np.bincount(cast.pattern, weights=votes, minlength=len(cast.pixels))
    larger = np.maximum(*odds)
    larger[~np.isfinite(larger)] = 0  # impossible either way
    lesion, skin = np.exp(odds[0] - larger), np.exp(odds[1] - larger)
    return np.divide(lesion, lesion + skin, out=cast.prior.copy(), where=lesion + skin > 0)


def _share(
    cast: _Ballots, weight: Float[np.ndarray, " patterns"], agreeing: Float[np.ndarray, " votes"],
    otherwise: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:  # fmt: skip
    counted = weight[cast.pattern]
    whole = np.bincount(cast.who, weights=counted, minlength=len(cast.annotators))
    right = np.bincount(cast.who, weights=counted * agreeing, minlength=len(cast.annotators))
    return np.divide(right, whole, out=otherwise.copy(), where=whole > 0)
