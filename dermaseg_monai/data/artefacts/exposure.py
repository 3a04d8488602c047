"""What the camera decides before it stores: how much light, and which light is white."""

import numpy as np

from dermaseg_monai.data.artefacts.unit_rgb import UnitRgb
from dermaseg_monai.images import to_displayed, to_linear

_D65_MIRED = 1e6 / 6504
_FROM_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
_TWO_FORMULAS_K = 7000


def exposed(rgb: UnitRgb, *, stops: float) -> UnitRgb:
    """Multiply the light by 2 ** stops; what gets brighter than white is cut off."""
    return to_displayed(to_linear(rgb) * np.float32(2.0**stops))


def white_balanced(rgb: UnitRgb, *, mired: float) -> UnitRgb:
    """Show daylight of D65 moved by `mired` (1e6 / kelvin): above 0 warmer, below 0 colder; green keeps its light.

    Gains per channel in linear light, as a camera sets them. Meant for -110 to 96 mired, where daylight is defined.
    """
    gain = daylight(1e6 / (_D65_MIRED + mired)) / daylight(1e6 / _D65_MIRED)
    return to_displayed(to_linear(rgb) * (gain / gain[1]).astype(np.float32))


def daylight(kelvin: float) -> np.ndarray:
    """Return the linear RGB of daylight of a colour temperature from 4000 to 25000 K. Source: CIE 15:2004, 3.1."""
    if kelvin <= _TWO_FORMULAS_K:
        x = -4.6070e9 / kelvin**3 + 2.9678e6 / kelvin**2 + 0.09911e3 / kelvin + 0.244063
    else:
        x = -2.0064e9 / kelvin**3 + 1.9018e6 / kelvin**2 + 0.24748e3 / kelvin + 0.237040
    y = -3.000 * x**2 + 2.870 * x - 0.275
    return _FROM_XYZ @ np.array([x / y, 1.0, (1 - x - y) / y])
