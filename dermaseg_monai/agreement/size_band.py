"""Pairs by the size of the lesion that was outlined."""

from typing import Final

import numpy as np
import pandas as pd

_BANDS: Final = 4
_FEWEST: Final = 20
"""Cases; a quarter of fewer would say nothing."""


def size_bands(pairs: pd.DataFrame) -> pd.Series | None:
    """Return the quarter of each pair by size, smallest first, or None where sizes are unknown or too few.

    The size of a case is the equivalent diameter of the mean area of its outlines, in px; a quarter holds a quarter of
    the cases, not of the pairs, and all pairs of a case are in one quarter. With several image sizes in a set, quarters
    of diameters in px mix large lesions with large photographs.

    Args:
        pairs: a row per pair, with `case_id`, `area_a_px` and `area_b_px`.
    """
    if not {"area_a_px", "area_b_px"} <= set(pairs.columns):
        return None
    areas = pairs[["area_a_px", "area_b_px"]].astype(float).mean(axis=1).groupby(pairs["case_id"]).mean()
    diameters = 2 * np.sqrt(areas / np.pi)
    edges = np.quantile(diameters, np.linspace(0, 1, _BANDS + 1)[1:-1]) if len(diameters) >= _FEWEST else np.zeros(0)
    if len(np.unique(edges)) < _BANDS - 1 or diameters.isna().any():
        return None
    bounds = [*(f"up to {edge:.0f} px" for edge in edges), f"above {edges[-1]:.0f} px"]
    names = [f"quarter {number}, diameter {bound}" for number, bound in enumerate(bounds, start=1)]
    found = pd.Series([names[at] for at in np.searchsorted(edges, diameters)], index=diameters.index, dtype=object)
    return pairs["case_id"].map(found)
