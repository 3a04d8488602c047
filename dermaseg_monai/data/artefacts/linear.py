"""Displayed sRGB, linear light and CIE L*a*b*, all with white D65."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float32

Colours: TypeAlias = Float32[np.ndarray, "*pixels 3"]
"""Colours of any arrangement, the three channels last."""

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # IEC 61966-2-1
_WHITE = _TO_XYZ.sum(axis=1)


def to_linear(rgb: Colours) -> Colours:
    """Return the light that displayed values in [0, 1] stand for, in [0, 1]."""
    high = ((np.maximum(rgb, np.float32(0.04045)) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(rgb <= np.float32(0.04045), rgb / np.float32(12.92), high).astype(np.float32)


def to_displayed(light: Colours) -> Colours:
    """Return the displayed values of linear light, cut to [0, 1]."""
    cut = np.clip(light, 0, 1)
    high = np.float32(1.055) * np.maximum(cut, np.float32(0.0031308)) ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(cut <= np.float32(0.0031308), np.float32(12.92) * cut, high).astype(np.float32)


def to_lab(rgb: Colours) -> Colours:
    """Return L* in [0, 100], a* and b* of displayed values in [0, 1]. Source: CIE 15:2004."""
    xyz = to_linear(rgb) @ (_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / np.float32(3 * (6 / 29) ** 2) + np.float32(4 / 29))
    lab = np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)
    return lab.astype(np.float32)


def ita_deg(lab: Colours) -> Float32[np.ndarray, "*pixels"]:
    """Return the individual typology angle atan2(L* - 50, b*) in degrees, in [-180, 180]; light skin is above 41."""
    return np.degrees(np.arctan2(lab[..., 0] - 50, lab[..., 2])).astype(np.float32)
