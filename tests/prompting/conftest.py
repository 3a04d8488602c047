"""A tiny SAM of random weights, and drawn masks."""

from pathlib import Path

import numpy as np
import pytest

from tests.prompting.tiny_sam import save_tiny_sam


def drawn(rows: list[str]) -> np.ndarray:
    """Return a mask from text: # is lesion."""
    return np.array([[letter == "#" for letter in row] for row in rows])


@pytest.fixture(scope="session")
def tiny_sam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a SAM whose square has 64 px."""
    return save_tiny_sam(tmp_path_factory.mktemp("sam"))
