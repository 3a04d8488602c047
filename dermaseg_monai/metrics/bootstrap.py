"""The bootstrap: how far a mean would move had other images, or other lesions or patients, been drawn."""

from collections.abc import Mapping, Sequence
from math import nan

import numpy as np
from jaxtyping import Float, Int

PIECE = 4_000_000
"""Weights (draws times groups) held in memory at once: 32 MB."""


def group_codes(case_ids: Sequence[str], groups: Mapping[str, str | None] | None) -> Int[np.ndarray, " n"]:
    """Number the groups of the cases from 0; without groups each case is its own, as is a case whose group is None.

    Raises:
        ValueError: a case is not named in `groups`.
    """
    if groups is None:
        return np.arange(len(case_ids))
    unknown = [case_id for case_id in case_ids if case_id not in groups]
    if unknown:
        raise ValueError(
            f"{len(unknown)} of {len(case_ids)} cases have no entry in groups, first {unknown[0]}. "
            "Name each case; None makes a case its own group."
        )
    keys = [("case", case_id) if groups[case_id] is None else ("group", groups[case_id]) for case_id in case_ids]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.asarray([numbers[key] for key in keys], dtype=np.intp)


def bootstrap_means(
    values: Float[np.ndarray, "n k"], codes: Int[np.ndarray, " n"], *, draws: int, seed: int
) -> Float[np.ndarray, "draws k"]:
    """Draw whole groups with replacement and return the mean over the images drawn, for every column and draw.

    All columns see the same draws. The same seed gives the same result.

    Source: Efron & Tibshirani 1993, chapter 6; groups: Davison & Hinkley 1997, section 3.8.
    """
    n_groups = int(codes.max()) + 1
    sizes = np.bincount(codes, minlength=n_groups).astype(float)
    sums = np.stack([np.bincount(codes, weights=column, minlength=n_groups) for column in values.T], axis=1)
    rng = np.random.default_rng(seed)
    means = np.full((draws, values.shape[1]), nan)
    rows = max(1, PIECE // n_groups)
    for start in range(0, draws, rows):
        stop = min(start + rows, draws)
        drawn = rng.integers(n_groups, size=(stop - start, n_groups))
        offsets = np.arange(stop - start)[:, None] * n_groups
        weights = np.bincount((drawn + offsets).ravel(), minlength=(stop - start) * n_groups)
        weights = weights.reshape(stop - start, n_groups).astype(float)
        means[start:stop] = (weights @ sums) / (weights @ sizes)[:, None]
    return means


def percentile_interval(means: Float[np.ndarray, "draws k"], *, confidence: float) -> list[tuple[float, float]]:
    """Return the percentile interval of each column: the (1 ∓ confidence) / 2 quantiles of its means."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0).tolist()
    return list(zip(low, high, strict=True))


def mean_bounds(
    values: Float[np.ndarray, "n k"], codes: Int[np.ndarray, " n"], *, confidence: float, draws: int, seed: int
) -> Sequence[tuple[float, float] | tuple[None, None]]:
    """Return the interval of the mean of each column; (None, None) where all cases are of one group."""
    if codes.max() == 0:
        return [(None, None)] * values.shape[1]
    return percentile_interval(bootstrap_means(values, codes, draws=draws, seed=seed), confidence=confidence)


def require_bootstrap(*, confidence: float, draws: int) -> None:
    """Refuse a confidence outside (0, 1) and fewer than one draw.

    Raises:
        ValueError: says the value.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, but it lies between 0 and 1: 0.95 for 95 %.")
    if draws < 1:
        raise ValueError(f"draws is {draws}, but at least 1 is needed; 2000 is usual.")
