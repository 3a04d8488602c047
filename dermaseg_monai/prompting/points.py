"""Points that a person would click on: well inside the lesion and apart from each other."""

import numpy as np
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.prompting.prompt import Point


def inner_points(mask: BoolMask, count: int) -> list[Point]:
    """Return up to `count` different lesion pixels as (x, y), the one farthest from the lesion's edge first.

    Each further point is the pixel whose distance to the edge and to all points before it, whichever is smaller, is the
    greatest. Outside the image counts as skin; of equals the upper, then the left one is taken. Nothing is drawn at
    random. A lesion of fewer pixels gives fewer points, an empty mask none.

    Raises:
        ValueError: `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1; got {count}.")
    clear_px = np.asarray(ndimage.distance_transform_edt(np.pad(mask, 1)))[1:-1, 1:-1]
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    points: list[Point] = []
    while len(points) < count and clear_px.max() > 0:
        row, column = (int(index) for index in np.unravel_index(int(clear_px.argmax()), mask.shape))
        points.append((float(column), float(row)))
        clear_px = np.minimum(clear_px, np.hypot(rows - row, columns - column))
    return points
