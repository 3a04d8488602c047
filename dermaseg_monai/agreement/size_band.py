"""Pairs by the size of the lesion that was outlined."""

from typing import Any, Final

import numpy as np
import pandas as pd

from dermaseg_monai.agreement.mask_facts import equivalent_diameter
from dermaseg_monai.agreement.unit import named_in, unit_of_columns

_BANDS: Final = 4
_FEWEST: Final = 20
"""Cases; a quarter of fewer would say nothing."""


def size_bands(pairs: pd.DataFrame) -> pd.Series | None:
    """Return the quarter of each pair by size, smallest first, or None where sizes are unknown or too few.

    The size of a case is the equivalent diameter of the mean area of its outlines, in px, or of their mean volume, in
    mm; a quarter holds a quarter of
    the cases, not of the pairs, and all pairs of a case are in one quarter. With several image sizes in a set, quarters
    of diameters in px mix large lesions with large photographs.

    Args:
        pairs: a row per pair, with `case_id`, `area_a_px` and `area_b_px` or `volume_a_mm3` and `volume_b_mm3`.
    """
    unit = unit_of_columns(pairs)
    sizes = [named_in(unit, name) for name in ("area_a_px", "area_b_px")]
    if not set(sizes) <= set(pairs.columns):
        return None
    areas: Any = pairs[sizes].astype(float).mean(axis=1).groupby(pairs["case_id"]).mean()
    ndim = 2 if unit == "px" else 3
    diameters = pd.Series([equivalent_diameter(float(area), ndim) for area in areas], index=areas.index)
    edges = np.quantile(diameters, np.linspace(0, 1, _BANDS + 1)[1:-1]) if len(diameters) >= _FEWEST else np.zeros(0)
    if len(np.unique(edges)) < _BANDS - 1 or diameters.isna().any():
        return None
    digits = 0 if unit == "px" else 2
    bounds = [*(f"up to {edge:.{digits}f} {unit}" for edge in edges), f"above {edges[-1]:.{digits}f} {unit}"]
    names = [f"quarter {number}, diameter {bound}" for number, bound in enumerate(bounds, start=1)]
    found = pd.Series([names[at] for at in np.searchsorted(edges, diameters)], index=diameters.index, dtype=object)
    return pairs["case_id"].map(found)
