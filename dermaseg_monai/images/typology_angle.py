"""Skin tone as the individual typology angle (ITA), with the bands that people pair with it."""

from typing import Final, Literal, TypeAlias

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.images.colours import Colours

ToneBand: TypeAlias = Literal["very light", "light", "intermediate", "tan", "brown", "dark"]

_BANDS: Final[tuple[tuple[float, ToneBand, str], ...]] = (
    (55, "very light", "I"),
    (41, "light", "II"),
    (28, "intermediate", "III"),
    (10, "tan", "IV"),
    (-30, "brown", "V"),
    (-181, "dark", "VI"),
)


def ita_deg(lab: Colours) -> Float32[np.ndarray, "*pixels"]:
    """Return atan2(L* - 50, b*) of L*, a*, b* colours in degrees, in [-180, 180]; light skin is above 41.

    Source: Chardon et al. 1991, doi:10.1111/j.1467-2494.1991.tb00561.x.
    """
    return np.asarray(np.degrees(np.arctan2(lab[..., 0] - 50, lab[..., 2])), np.float32)


def tone_band(angle_deg: float) -> ToneBand:
    """Return the class of an angle. Source: Del Bino and Bernerd 2013, doi:10.1111/bjd.12529."""
    return next(band for low, band, _ in _BANDS if angle_deg > low)


def fitzpatrick_like(angle_deg: float) -> str:
    """Return the type, I to VI, usually paired with that class; a Fitzpatrick type proper is asked, not measured."""
    return next(kind for low, _, kind in _BANDS if angle_deg > low)
