"""Skin tone of a photograph as the individual typology angle (ITA) of its clean skin.

What it is for: to see for which skin a model was not trained or tested (robustness). It is no measure of ethnicity and
no demographic fairness: lighting, exposure and white balance of a photograph shift the angle by tens of degrees.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dermaseg_monai.images import ita_deg
from dermaseg_monai.manifest.description.filters import Grid
from dermaseg_monai.manifest.description.sample import Sample

_MONK_ITA_DEG: Final = (83.0, 80.2, 71.7, 64.7, 50.3, 10.9, -20.1, -55.4, -78.3, -84.3)
"""Angle of the ten swatches of the Monk scale, from their published sRGB values."""

LEAST_PX: Final = 256
LEAST_SHARE: Final = 0.005
_NO_SKIN_B: Final = 2.0


@dataclass(frozen=True)
class SkinTone:
    """`ita_deg` and its spread (half of the pixels lie in a range so wide), or None and the `reason`."""

    ita_deg: float | None
    spread_deg: float | None
    clean_share: float
    reason: str


def skin_tone(sample: Sample, unusable: Grid) -> SkinTone:
    """Return ITA = atan2(L* − 50, b*) · 180/π of the median colour of clean skin, in degrees, higher is lighter.

    Clean skin lies more than 4 % of the shorter side outside the mask and holds no hair, reflection, dark corner,
    ink or coloured patch (`unusable`). None where there is no mask (skin cannot be told from lesion), where less than
    0.5 % of the picture or 256 px are left, or where the skin is not yellowish at all (b* below 2), because then the
    light or the camera, not the skin, decides the angle.

    Source: Chardon et al. 1991, doi:10.1111/j.1467-2494.1991.tb00561.x; conditions on clean skin as in the project's
    notes. Patch-based angles depend on the lighting: arXiv:2504.04494.
    """
    clean = sample.beside & ~unusable
    share = float(clean.mean())
    found_px = share * min(sample.rgb.shape[0] * sample.rgb.shape[1], sample.size_px[0] * sample.size_px[1])
    if sample.mask is None:
        return SkinTone(None, None, share, "no mask")
    if share < LEAST_SHARE or found_px < LEAST_PX:
        return SkinTone(None, None, share, "too little clean skin")
    lab = sample.lab[clean]
    middle = np.median(lab, axis=0)
    if middle[2] < _NO_SKIN_B:
        return SkinTone(None, None, share, "colour cast")
    low, high = np.quantile(ita_deg(lab), [0.25, 0.75])
    return SkinTone(float(ita_deg(middle)), float(high - low), share, "")


def monk_like(angle_deg: float) -> str:
    """Return the swatch, 1 to 10, of the Monk scale whose angle is nearest; the scale proper is matched by eye.

    Source: skintone.google, swatches of 2022.
    """
    return str(1 + int(np.argmin(np.abs(np.subtract(_MONK_ITA_DEG, angle_deg)))))
