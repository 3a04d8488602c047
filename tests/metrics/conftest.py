from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dermaseg_monai.metrics import CaseScore

Draw = Callable[[str], np.ndarray]


@pytest.fixture
def draw() -> Draw:
    """Make a mask from a drawing: rows are separated by blanks, # is lesion and . is skin."""

    def mask(drawing: str) -> np.ndarray:
        return np.array([[character == "#" for character in row] for row in drawing.split()])

    return mask


@pytest.fixture
def row() -> Callable[..., CaseScore]:
    """Make the score of one case, every number of which can be set."""

    def make(case_id: str, **values: Any) -> CaseScore:  # noqa: ANN401
        usual: dict[str, Any] = {
            "dice": 0.8,
            "jaccard": 2 / 3,
            "threshold_jaccard": 2 / 3,
            "accuracy": 0.9,
            "sensitivity": 0.8,
        }
        usual |= {"specificity": 0.95, "precision": 0.8, "pred_px": 10, "label_px": 10}
        return CaseScore(case_id=case_id, **(usual | values))

    return make
