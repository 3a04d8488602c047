"""Otsu's threshold."""

import numpy as np
from jaxtyping import UInt8

_LEVELS = 256


def otsu_level(values: UInt8[np.ndarray, " n"]) -> int | None:
    """Return the grey level t for which the classes `<= t` and `> t` differ most, None where all values are equal.

    It maximises n₀ n₁ (μ₀ - μ₁)², counts and means of the two classes; of equals the lowest t is taken.
    Source: Otsu 1979, doi:10.1109/TSMC.1979.4310076.
    """
    counts = np.bincount(values, minlength=_LEVELS).astype(np.float64)
    below, total = np.cumsum(counts), counts.sum()
    sums = np.cumsum(counts * np.arange(_LEVELS))
    above = total - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    apart = np.nan_to_num(apart[:-1], nan=0.0, posinf=0.0)
    return int(apart.argmax()) if apart.max() > 0 else None
