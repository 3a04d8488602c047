"""Shapes that several rooms speak of, as NumPy types; checked in the tests only."""

import numpy as np
from jaxtyping import Bool, Float, UInt8

RgbImage = UInt8[np.ndarray, "h w 3"]
"""A photograph: rows, columns, red-green-blue, 0 to 255."""

BoolMask = Bool[np.ndarray, "*grid"]
"""Lesion or not, per pixel (h, w) or voxel (x, y, z)."""

Probability = Float[np.ndarray, "*grid"]
"""Probability of lesion per pixel or voxel, in [0, 1]."""

__all__ = ["BoolMask", "Probability", "RgbImage"]
