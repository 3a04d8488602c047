"""Krippendorff's alpha: agreement beyond chance for any number of readers, any of whom may be missing anywhere.

α = 1 - observed / expected disagreement; 1 is perfect, 0 what chance gives, below 0 systematic disagreement. Values
that stand alone in their unit are left out, as Krippendorff does.

Source: Krippendorff, Content Analysis, 4th edition 2018, chapter 12 (10.4135/9781071878781).
"""

import numpy as np
import pandas as pd
from jaxtyping import Float

from dermaseg_monai.agreement.chance import Sums

IntervalSums = Float[np.ndarray, "... 4"]
"""Over units of two values or more: values, their sum, sum of squares, Σ n/(n-1) Σ (value - mean of its unit)²."""


def nominal_alpha(sums: Sums) -> np.ndarray:
    """Return alpha of lesion or skin from counts of pixels (`vote_sums`); NaN where all judgements are the same."""
    _, judged, lesion, _, split = np.moveaxis(np.asarray(sums, dtype=float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = lesion * (judged - lesion) / (judged - 1)
        return np.where(expected > 0, 1 - split / expected, np.nan)


def interval_sums(values: pd.DataFrame) -> pd.DataFrame:
    """Return the four sums of every unit (`IntervalSums`); a row per unit that holds two values or more.

    Values are measured from the first of them, which changes nothing but the rounding: equal values leave exactly 0.

    Args:
        values: a row per unit, a column per reader, NaN where a reader has not judged.
    """
    table = values[values.notna().sum(axis=1) > 1]
    given = table.to_numpy(dtype=float)
    given = given[~np.isnan(given)]
    table = table - given[0] if len(given) else table
    n = table.notna().sum(axis=1).astype(float)
    columns = {"values": n, "sum": table.sum(axis=1), "squares": (table**2).sum(axis=1)}
    return pd.DataFrame(columns).assign(within=n * table.var(axis=1, ddof=1))


def interval_alpha(sums: IntervalSums) -> np.ndarray:
    """Return alpha with squared differences of values (`interval_sums`); NaN where all values are the same."""
    n, total, squares, within = np.moveaxis(np.asarray(sums, dtype=float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (squares - total**2 / n) / (n - 1)
        return np.where(spread > 0, 1 - within / n / spread, np.nan)
