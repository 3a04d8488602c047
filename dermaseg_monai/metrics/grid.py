"""Two masks can be compared only on one grid; every score starts here."""

import numpy as np
from jaxtyping import Bool

Mask = Bool[np.ndarray, "..."]
"""A mask of any shape: whether two masks share a grid is checked at run time, with a message that says what to do."""

Box = tuple[slice, ...]
"""A rectangle (or cuboid) of the grid."""


def require_masks(pred: np.ndarray, label: np.ndarray) -> None:
    """Refuse what would be scored wrongly: masks that are not boolean, are empty arrays or lie on different grids.

    Raises:
        ValueError: says which array, its dtype or shape, and how to mend it.
    """
    for name, mask in (("pred", pred), ("label", label)):
        if mask.dtype != np.bool_:
            raise ValueError(
                f"{name} has dtype {mask.dtype}, but a mask is bool. "
                "Threshold it first: `mask > 128` for an 8-bit file (the rule of the ISIC scorer), `p >= 0.5` for "
                "probabilities."
            )
    if pred.shape != label.shape:
        raise ValueError(
            f"pred is {_shape(pred)} and label is {_shape(label)}, but both must lie on one grid. "
            "Bring the prediction back to the grid of the label; a score on resized masks is another number."
        )
    if pred.size == 0:
        raise ValueError(f"The masks are {_shape(pred)}: there is no pixel to score.")


def bounding_box(mask: Mask) -> Box | None:
    """Return the smallest box that holds every true pixel, None for an empty mask."""
    box: list[slice] = []
    inner = mask
    for axis in range(mask.ndim):
        # each axis is searched inside what the axes before it have left
        filled = np.flatnonzero(inner.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        if filled.size == 0:
            return None
        found = slice(int(filled[0]), int(filled[-1]) + 1)
        box.append(found)
        inner = inner[(slice(None),) * axis + (found,)]
    return tuple(box)


def _shape(mask: np.ndarray) -> str:
    return " x ".join(str(length) for length in mask.shape)
