"""Intervals over images and seeds, paired tests, and their correction for being many."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import wilcoxon

from dermaseg_monai.metrics.bootstrap import bootstrap_means


def redrawn_means(
    values: Float[np.ndarray, "r n k"], codes: Int[np.ndarray, " n"], *, draws: int, seed: int
) -> Float[np.ndarray, "draws r k"]:
    """Return the means over images that are drawn anew, whole groups at a time, for r runs and k scores.

    All runs see the same draws, so that differences between them stay paired.
    """
    runs, cases, scores = values.shape
    columns = values.transpose(1, 0, 2).reshape(cases, runs * scores)
    return bootstrap_means(columns, codes, draws=draws, seed=seed).reshape(draws, runs, scores)


def redraw_seeds(means: Float[np.ndarray, "draws s k"], rng: np.random.Generator) -> Float[np.ndarray, "draws k"]:
    """Return the mean over s seeds that are drawn with replacement, anew in every draw.

    With few seeds this is too narrow, by the factor sqrt((s - 1) / s) of what the seeds contribute; with one seed they
    contribute nothing.
    """
    draws, seeds, _ = means.shape
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws) / seeds
    return np.einsum("ds,dsk->dk", weights, means)


def paired_p(differences: Float[np.ndarray, " n"], codes: Int[np.ndarray, " n"]) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test on the mean difference of every group.

    Groups (images of one lesion) are the units, and each counts once, however many images it has; zeros are left out,
    and when all are zero p is 1. A p too small for a float is the smallest that one holds, never 0.
    Source: Wilcoxon 1945, doi:10.2307/3001968 (SciPy's).
    """
    units = np.bincount(codes, weights=differences) / np.bincount(codes)
    units = units[units != 0]
    if not units.size:
        return 1.0
    p = float(np.asarray(wilcoxon(units).pvalue))  # pyright: ignore[reportAttributeAccessIssue]
    return max(p, float(np.finfo(float).tiny))


def holm(ps: Sequence[float]) -> list[float]:
    """Return p values corrected by Holm's step-down method: p(i) times (m - i), i from 0, never falling, at most 1.

    Source: Holm 1979, jstor:4615733.
    """
    corrected = [0.0] * len(ps)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda at: ps[at])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[index]))
        corrected[index] = highest
    return corrected
