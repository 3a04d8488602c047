"""The same lesion on darker skin: a pigment filter over the whole picture, made from the colours that skin has."""

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb
from dermaseg_monai.data.demo.skin import ITA_RANGE_DEG, skin_colour
from dermaseg_monai.images import ita_deg, to_displayed, to_lab, to_linear

_HALVINGS = 16
_FEWEST_PX = 64
_MARGIN = 0.03
_DARKEST_L, _BRIGHTEST = 20.0, 0.97


def darker_skin(rgb: UnitRgb, lesion: BoolMask, *, shift_deg: float) -> UnitRgb:
    """Lower the typology angle (ITA) of the skin by `shift_deg`, at most to -52°, and filter the lesion alike.

    More pigment in the skin lies over the lesion too, so the filter covers all of the picture: no edge appears where
    the mask ends. Ratios of light, and with them optical densities, stay; the contrast in L* falls as it does on dark
    skin. The filter is the ratio of two colours on the line of human skin (see demo.skin). It darkens the picture as a
    camera with a fixed exposure would show it.
    """
    here = _skin_colour_of(rgb, lesion)
    start = ita_deg(to_lab(here)).item()
    nominal = float(np.clip(start, *ITA_RANGE_DEG))
    low, high = ITA_RANGE_DEG[0], nominal
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        found = ita_deg(to_lab(_filtered(here, nominal, middle))).item()
        low, high = (middle, high) if found < start - shift_deg else (low, middle)
    return _filtered(rgb, nominal, (low + high) / 2)


def _skin_colour_of(rgb: UnitRgb, lesion: BoolMask) -> Float32[np.ndarray, "1 1 3"]:
    """Return the median colour (1, 1, 3) outside the lesion's surroundings, without black corners and reflections."""
    margin_px = max(1, round(_MARGIN * min(lesion.shape)))
    near = np.asarray(ndimage.distance_transform_edt(~lesion)) <= margin_px if lesion.any() else lesion
    lightness = to_lab(rgb)[..., 0]
    seen = (lightness > _DARKEST_L) & (rgb.min(axis=-1) < _BRIGHTEST)
    for chosen in (seen & ~near, seen):
        if chosen.sum() >= _FEWEST_PX:
            return np.median(rgb[chosen], axis=0)[None, None].astype(np.float32)
    return np.median(rgb.reshape(-1, 3), axis=0)[None, None].astype(np.float32)


def _filtered(rgb: UnitRgb, from_deg: float, to_deg: float) -> UnitRgb:
    ratio = skin_colour(to_deg, 0.0) / skin_colour(from_deg, 0.0)
    return to_displayed(to_linear(rgb) * ratio.astype(np.float32))
