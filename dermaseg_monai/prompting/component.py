"""Connected parts of a mask."""

from typing import Any

import numpy as np
from jaxtyping import Int
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask

_CORNERS_TOUCH = np.ones((3, 3), dtype=bool)


def numbered_parts(mask: BoolMask) -> Int[np.ndarray, "h w"]:
    """Return the number of the part that each pixel belongs to, 0 outside the mask; pixels at a corner touch."""
    parts: Any = ndimage.label(mask, structure=_CORNERS_TOUCH)  # SciPy's types leave open what comes out
    return parts[0]


def largest_component(mask: BoolMask) -> BoolMask:
    """Return the part with the most pixels; of equals the upper one; an empty mask stays empty."""
    parts = numbered_parts(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return mask & (parts == sizes.argmax())
