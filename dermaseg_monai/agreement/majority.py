"""What more than half of the readers drew."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

Mask = Bool[np.ndarray, "..."]


def majority(masks: Sequence[Mask]) -> Mask:
    """Return the pixels that more than half of the masks hold; of two masks that is what both hold.

    Raises:
        ValueError: no mask.
    """
    if not masks:
        raise ValueError("No mask, no majority.")
    return 2 * np.sum(masks, axis=0, dtype=np.int32) > len(masks)
