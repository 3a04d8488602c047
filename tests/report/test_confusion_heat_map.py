import numpy as np

from dermaseg_monai.metrics import Counts, pooled_scores
from dermaseg_monai.report import ConfusionHeatMap


def drawn(counts: Counts) -> np.ndarray:
    return ConfusionHeatMap()(pooled_scores([counts], both_empty=1.0, empty_pred=0.0, empty_label=1.0))


def lightness(picture: np.ndarray) -> np.ndarray:
    """Return how light the corners of the four cells are, reference downwards, prediction to the right."""
    return np.array([[picture[150 + 190 * row, 170 + 190 * column].mean() for column in range(2)] for row in range(2)])


def test_a_cell_is_darker_the_larger_its_share_of_the_row() -> None:
    found = lightness(drawn(Counts(tp=9, fn=1, fp=10, tn=990)))
    assert found[1, 1] < found[0, 0] < found[0, 1]
    assert found[1, 0] > found[0, 1]


def test_nothing_of_a_kind_is_drawn_without_a_share() -> None:
    found = lightness(drawn(Counts(tp=0, fn=0, fp=0, tn=4)))
    assert found[0, 0] == found[0, 1] == found[1, 0]
