"""Hand-drawn masks for the tests of who draws how."""

import numpy as np

SHAPE = (100, 120)


def disc(radius_px: float, centre: tuple[int, int] = (50, 60)) -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius_px**2


def box(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[rows, columns] = True
    return mask
