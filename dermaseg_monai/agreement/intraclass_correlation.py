"""Intraclass correlation of a measurement that several readers made of the same cases.

One outline by one reader, taken for the truth of its case: the share of its variance that is the case's own,

    ICC = σ²(case) / (σ²(case) + σ²(reader) + σ²(rest)).

Shrout & Fleiss 1979 (10.1037/0033-2909.86.2.420) call it ICC(2,1), readers drawn from many; McGraw & Wong 1996
(10.1037/1082-989X.1.1.30) call it ICC(A,1), absolute agreement. The estimate is the same, so it is one number here.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import optimize, special

from dermaseg_monai.agreement.mixed_model import MixedModel
from dermaseg_monai.errors import DataError


@dataclass(frozen=True)
class Intraclass:
    """ICC(2,1) = ICC(A,1), its interval, and what it rests on.

    `low` and `high` are None where the interval cannot be given.
    """

    value: float
    low: float | None
    high: float | None
    cases: int
    readers: int
    estimator: Literal["ANOVA", "REML"]


def intraclass(values: pd.DataFrame, *, confidence: float = 0.95) -> Intraclass:
    """Return the ICC of cases (rows) that readers (columns) measured; NaN where a reader has not seen a case.

    Every reader saw every case: mean squares of the two-way table, interval by F (McGraw & Wong 1996, table 7, with
    Satterthwaite's degrees of freedom). The estimate can be negative. Otherwise: variances by restricted maximum
    likelihood with crossed random intercepts of case and reader, in [0, 1], interval by the profile of the likelihood;
    a case that one reader alone has seen is left out.

    Readers who always give the same value leave nothing to be unsure of: 1, from 1 to 1.

    Raises:
        DataError: fewer than two cases or two readers in common, nothing that varies, or a design in which reader and
            rest cannot be told apart because no two readers saw two cases each.
    """
    table = values.loc[values.notna().sum(axis=1) > 1].dropna(axis=1, how="all")
    cases, readers = table.shape
    if readers < 2:  # noqa: PLR2004 (agreement is between two)
        raise DataError("No two readers measured the same case.")
    if cases < 2:  # noqa: PLR2004 (a variance needs two)
        raise DataError(f"{cases} case was measured by two readers; a variance between cases needs two.")
    given = table.to_numpy(dtype=float)
    known = ~np.isnan(given)
    if np.unique(given[known]).size == 1:
        raise DataError(f"All {int(known.sum())} values are the same.")
    if np.array_equal(table.min(axis=1), table.max(axis=1)):
        return Intraclass(1.0, 1.0, 1.0, cases, readers, "ANOVA" if known.all() else "REML")
    if known.all():
        return _complete(given, confidence)
    return _incomplete(given, known, confidence)


def _complete(given: np.ndarray, confidence: float) -> Intraclass:
    n, k = given.shape
    mean = given.mean()
    by_case, by_reader = given.mean(axis=1) - mean, given.mean(axis=0) - mean
    rest = given - mean - by_case[:, None] - by_reader
    case_ms = k * float(by_case @ by_case) / (n - 1)
    reader_ms = n * float(by_reader @ by_reader) / (k - 1)
    rest_ms = float((rest**2).sum()) / ((n - 1) * (k - 1))
    whole = case_ms + (k - 1) * rest_ms + k * (reader_ms - rest_ms) / n
    if whole <= np.finfo(float).eps * rest_ms:
        raise DataError(
            "Two readers of two cases who give the same two values crosswise leave no variance to divide by."
        )
    value = (case_ms - rest_ms) / whole
    low, high = _f_interval((case_ms, reader_ms, rest_ms), value, (n, k), 1 - confidence)
    return Intraclass(value, low, high, n, k, "ANOVA")


def _f_interval(
    squares: tuple[float, float, float], value: float, shape: tuple[int, int], alpha: float
) -> tuple[float | None, float | None]:
    (case_ms, reader_ms, rest_ms), (n, k) = squares, shape
    if 1 - value <= np.finfo(float).eps:
        return None, None
    weight_reader = k * value / (n * (1 - value))
    weight_rest = 1 + k * value * (n - 1) / (n * (1 - value))
    if max(case_ms, rest_ms) <= np.finfo(float).eps * reader_ms:
        return None, None  # all cases alike, readers a constant apart: nothing is left to chance
    below = (weight_reader * reader_ms) ** 2 / (k - 1) + (weight_rest * rest_ms) ** 2 / ((n - 1) * (k - 1))
    freedom = (weight_reader * reader_ms + weight_rest * rest_ms) ** 2 / below
    upper: Any = special.fdtri(n - 1, freedom, 1 - alpha / 2)
    lower: Any = special.fdtri(freedom, n - 1, 1 - alpha / 2)
    others = k * reader_ms + (k * n - k - n) * rest_ms
    low = n * (case_ms - upper * rest_ms) / (upper * others + n * case_ms)
    high = n * (lower * case_ms - rest_ms) / (others + n * lower * case_ms)
    return (float(low), float(high)) if isfinite(low) and isfinite(high) else (None, None)


def _incomplete(given: np.ndarray, known: np.ndarray, confidence: float) -> Intraclass:
    case, reader = np.nonzero(known)
    seen = known.sum(axis=0)
    if int((seen > 1).sum()) < 2 or len(case) <= len(given) + given.shape[1] - 1:  # noqa: PLR2004 (agreement needs two)
        raise DataError(
            f"{len(case)} values of {given.shape[0]} cases by {given.shape[1]} readers: what is the reader's and what "
            "is chance cannot be told apart. Let two readers see more cases in common."
        )
    response = given[known]
    scale = float(response.std())
    model = MixedModel((response - response.mean()) / scale, np.ones((len(response), 1)), first=case, second=reader)
    best = model.best()
    value = best[0] / (1 + best[0] + best[1])
    low, high = _profile_interval(model, value, model.log_likelihood(*best), confidence)
    return Intraclass(value, low, high, given.shape[0], given.shape[1], "REML")


def _profile_interval(
    model: MixedModel, value: float, top: float, confidence: float
) -> tuple[float | None, float | None]:
    """Where the restricted likelihood, the reader's variance at its best, falls by half a χ² quantile."""
    drop = float(special.chdtri(1, 1 - confidence)) / 2

    def short_of(icc: float) -> float:
        def loss(log_reader: float) -> float:
            reader = float(np.exp(log_reader))
            return -model.log_likelihood(icc / (1 - icc) * (1 + reader), reader)

        found: Any = optimize.minimize_scalar(loss, bounds=(-14, 10), method="bounded", options={"xatol": 1e-4})
        return top + float(found.fun) - drop

    edge = 1e-6
    low = 0.0 if value <= edge or short_of(edge) < 0 else float(optimize.brentq(short_of, edge, value, xtol=1e-5))
    high = (
        1.0
        if value >= 1 - edge or short_of(1 - edge) < 0
        else float(optimize.brentq(short_of, value, 1 - edge, xtol=1e-5))
    )
    return low, high
