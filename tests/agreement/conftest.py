from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.images import write_mask

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a mask of 40 x 60 px with a rectangle of lesion; rows and columns as slices, None for an empty one."""

    def one(
        name: str, rows: slice | None = None, columns: slice = slice(None), *, shape: tuple[int, int] = (40, 60)
    ) -> Path:
        mask = np.zeros(shape, dtype=bool)
        if rows is not None:
            mask[rows, columns] = True
        path = tmp_path / "masks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_mask(path, mask)
        return path

    return one
