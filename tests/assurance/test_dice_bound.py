import numpy as np
import pytest

from dermaseg_monai.assurance import DiceBound
from dermaseg_monai.errors import DataError


def test_the_bound_is_what_the_hand_computes() -> None:
    # all promise 0.89, a spread of 0.12; they fall short by 0.00, 0.02, ... 0.38: scores 0, 1/6, ... 19/6
    dice = [0.89 - 0.02 * step for step in range(20)]
    bound = DiceBound.fit([0.89] * 20, dice, range(20), confidence=0.9)
    assert bound.at_least(0.89) == pytest.approx(0.89 - 0.02 * 18)  # ⌈21 x 0.9⌉ = the 19th of 20
    assert bound.at_least(0.95) == pytest.approx(0.95 - 3 * 0.06)
    assert bound.expected(0.89) == pytest.approx(0.89 - 0.02 * 9.5)
    assert (bound.cases, bound.groups) == (20, 20)


def test_photographs_of_one_lesion_count_once_with_their_worst() -> None:
    dice = [0.89 - 0.02 * step for step in range(20)]
    alone = DiceBound.fit([0.89] * 20, dice, range(20), confidence=0.9)
    twice = DiceBound.fit([0.89] * 40, dice + [0.89] * 20, [*range(20)] * 2, confidence=0.9)
    assert twice.worst == alone.worst
    assert (twice.cases, twice.groups) == (40, 20)


def test_a_missed_lesion_is_in_the_bound() -> None:
    missed = DiceBound.fit([0.95] * 10, [0.9] * 9 + [0.0], range(10), confidence=0.9)
    assert missed.at_least(0.95) == 0.0


def test_the_bound_stays_a_dice() -> None:
    better = DiceBound.fit([0.5] * 10, [1.0] * 10, range(10), confidence=0.9)
    assert better.at_least(0.9) == 1.0
    assert 0.0 <= better.at_least(0.0) <= 1.0


def test_the_bound_holds_as_often_as_it_says_for_photographs_of_the_same_kind() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.uniform(0.7, 1.0, 20_000)
    dice = np.clip(predicted - rng.exponential(1.0, 20_000) * (1 - predicted), 0, 1)
    held = []
    for start in range(0, 20_000, 200):  # 100 calibrations of 100 photographs, each tried on 100 others
        learned, tried = slice(start, start + 100), slice(start + 100, start + 200)
        bound = DiceBound.fit(predicted[learned].tolist(), dice[learned].tolist(), range(100), confidence=0.9)
        held += [
            found >= bound.at_least(promised) for promised, found in zip(predicted[tried], dice[tried], strict=True)
        ]
    assert 0.89 < np.mean(held) < 0.92


def test_the_bound_holds_over_all_photographs_and_not_for_each_kind_of_them() -> None:
    predicted = [0.95] * 90 + [0.7] * 10  # the sure ones keep what they promise, the unsure ones do not
    dice = [0.95] * 90 + [0.2] * 10
    bound = DiceBound.fit(predicted, dice, range(100), confidence=0.9)
    assert bound.at_least(0.95) == pytest.approx(0.95 - 0.5 / 0.31 * 0.06)
    assert bound.at_least(0.7) == pytest.approx(0.2)
    milder = DiceBound.fit(predicted, dice, range(100), confidence=0.85)
    assert (milder.at_least(0.95), milder.at_least(0.7)) == (0.95, 0.7)


@pytest.mark.parametrize(("n", "confidence", "needed"), [(9, 0.8, 10), (18, 0.95, 19)])
def test_too_few_photographs_give_no_bound(n: int, confidence: float, needed: int) -> None:
    with pytest.raises(DataError, match=f"needs {needed} lesions or patients with a reference, there are {n}"):
        DiceBound.fit([0.9] * n, [0.9] * n, range(n), confidence=confidence)
