"""The photograph or scan behind the outlines of a case."""

from pathlib import Path

import numpy as np

from dermaseg_monai.errors import DermasegError
from dermaseg_monai.images import is_volume, measure, read_image, require_same_place


def outlined_image(path: Path | None, mask: Path) -> np.ndarray | None:
    """Return the pixels or voxels that a mask was drawn on; None where they cannot be read or are of another grid.

    A scan of the same shape may lie elsewhere in the patient: outlines on it would show a lesion where there is none.

    Args:
        path: of the photograph or scan; None where there is none.
        mask: a readable file of an outline.
    """
    if path is None or is_volume(path) != is_volume(mask):
        return None
    try:
        if is_volume(mask):
            require_same_place(path, mask)
            return read_image(path).pixels
        found = read_image(path).pixels
        return found if found.shape[:2] == measure(mask) else None
    except DermasegError:  # whoever draws outlines can draw them on grey
        return None
