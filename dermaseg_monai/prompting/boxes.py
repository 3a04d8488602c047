"""Boxes around masks: x is the column, y the row, both ends inside the box."""

import hashlib

import numpy as np

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.prompting.prompt import Box


def mask_box(mask: BoolMask) -> Box | None:
    """Return the smallest box around all lesion pixels, None for an empty mask.

    Source: MedSAM's boxes (arXiv:2304.12306), column and row of the first and the last lesion pixel.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1]), float(rows[-1])


def whole_box(size_px: tuple[int, int]) -> Box:
    """Return the box around a whole image of (rows, columns)."""
    rows, columns = size_px
    return 0.0, 0.0, float(columns - 1), float(rows - 1)


def jittered_box(box: Box, *, jitter_px: int, size_px: tuple[int, int], case_id: str, seed: int) -> Box:
    """Move each side of a box by its own whole number of pixels, drawn evenly from -jitter_px to +jitter_px.

    The same case and seed give the same box, whatever else is drawn. Sides that pass each other change places; the box
    stays inside the image of `size_px` (rows, columns).

    Raises:
        ValueError: `jitter_px` is below 1.
    """
    if jitter_px < 1:
        raise ValueError(f"jitter_px must be at least 1; got {jitter_px}.")
    moves = case_generator(case_id, seed).integers(-jitter_px, jitter_px, size=4, endpoint=True)
    _, _, last_x, last_y = whole_box(size_px)
    x0, y0, x1, y1 = (float(side + move) for side, move in zip(box, moves, strict=True))
    x0, x1 = sorted(min(max(x, 0.0), last_x) for x in (x0, x1))
    y0, y1 = sorted(min(max(y, 0.0), last_y) for y in (y0, y1))
    return x0, y0, x1, y1


def case_generator(case_id: str, seed: int) -> np.random.Generator:
    """Return random numbers that belong to one case: the order of the cases does not matter."""
    digest = hashlib.sha256(case_id.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
