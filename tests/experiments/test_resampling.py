import numpy as np
import pytest

from dermaseg_monai.experiments.resampling import holm, paired_p, redraw_seeds, redrawn_means


@pytest.mark.parametrize(
    ("ps", "corrected"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 x .01, 2 x .03, then 1 x .04 may not fall below .06
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm_by_hand(ps: list[float], corrected: list[float]) -> None:
    assert holm(ps) == pytest.approx(corrected)


def test_the_paired_test_of_five_gains_is_the_exact_one() -> None:
    # all five signs equal: 2 of the 2**5 equally likely sign patterns
    assert paired_p(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.arange(5)) == pytest.approx(2 / 32)


def test_images_of_one_group_count_once() -> None:
    alone = paired_p(np.array([0.1, 0.2, 0.3]), np.arange(3))
    doubled = paired_p(np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.3]), np.array([0, 0, 1, 1, 2, 2]))
    assert alone == doubled == pytest.approx(2 / 8)


def test_a_p_too_small_for_a_float_is_not_0() -> None:
    assert 0 < paired_p(np.linspace(0.1, 0.2, 3000), np.arange(3000)) < 1e-300


def test_equal_scores_have_p_1() -> None:
    assert paired_p(np.zeros(4), np.arange(4)) == 1.0


def test_runs_see_the_same_draws() -> None:
    values = np.random.default_rng(0).random((2, 6, 1))
    values[1] = values[0] + 0.25
    means = redrawn_means(values, np.arange(6), draws=50, seed=0)
    assert means.shape == (50, 2, 1)
    assert means[:, 1] - means[:, 0] == pytest.approx(0.25)


def test_seeds_are_drawn_with_replacement() -> None:
    means = np.broadcast_to(np.array([[[0.0], [1.0]]]), (4000, 2, 1))
    drawn = redraw_seeds(means, np.random.default_rng(0))
    # two of two seeds: both the same half of the time
    assert set(drawn[:, 0].tolist()) == {0.0, 0.5, 1.0}
    assert (drawn == 0.5).mean() == pytest.approx(0.5, abs=0.05)
    assert redraw_seeds(means[:, :1], np.random.default_rng(0)) == pytest.approx(0.0)
