import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermaseg_monai.metrics import ProbabilitySums


def sums(*values: float, threshold: float = 0.5) -> ProbabilitySums:
    return ProbabilitySums.of(np.array([values], dtype=np.float32), threshold=threshold)


def test_the_sums_are_those_of_a_hand_count() -> None:
    # mask 1100: 2 * (.9 + .5) / (.9 + .5 + .4 + .2 + 2)
    found = sums(0.9, 0.5, 0.4, 0.2)
    assert (found.inside, found.whole, found.mask_px) == (pytest.approx(1.4), pytest.approx(2.0), 2)
    assert found.predicted_dice == pytest.approx(0.7)


def test_a_sure_network_expects_all_and_an_unsure_one_less() -> None:
    assert sums(1.0, 1.0, 0.0).predicted_dice == 1
    assert sums(0.6, 0.6, 0.4).predicted_dice < sums(0.9, 0.9, 0.1).predicted_dice


def test_an_empty_mask_is_suspicious_unless_nothing_speaks_for_a_lesion() -> None:
    assert sums(0.4, 0.1).predicted_dice == 0
    assert sums(0.0, 0.0).predicted_dice == 1


def test_a_higher_threshold_makes_another_mask() -> None:
    assert sums(0.9, 0.5, threshold=0.8).predicted_dice == pytest.approx(2 * 0.9 / (1.4 + 1))


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20), st.integers(1, 19))
def test_parts_add_up_to_the_whole(values: list[float], cut: int) -> None:
    cut = min(cut, len(values) - 1)
    both = sums(*values[:cut]) + sums(*values[cut:])
    whole = sums(*values)
    assert (both.mask_px, both.whole) == (whole.mask_px, pytest.approx(whole.whole))
    assert both.predicted_dice == pytest.approx(whole.predicted_dice)
    assert 0 <= whole.predicted_dice <= 1
