import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from dermaseg_monai.manifest.description.distance import DRAWS, permuted_sides, total_variation, wasserstein


def test_wasserstein_equals_scipy_and_a_shift_is_its_own_distance() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 70), rng.normal(0.5, 2, 40)
    sides = (np.arange(110) >= 70)[None]
    assert wasserstein(np.concatenate([a, b]), sides)[0] == pytest.approx(wasserstein_distance(a, b))
    shifted = np.concatenate([a[:40], a[:40] + 3])
    assert wasserstein(shifted, (np.arange(80) >= 40)[None])[0] == pytest.approx(3)


def test_total_variation_by_hand() -> None:
    codes = np.array([0, 0, 1, 1, 0, 2, 2, 2])
    sides = (np.arange(8) >= 4)[None]
    assert total_variation(codes, sides)[0] == pytest.approx((0.25 + 0.5 + 0.75) / 2)


def test_an_empty_side_has_no_distance() -> None:
    sides = np.zeros((1, 4), dtype=bool)
    assert np.isnan(wasserstein(np.arange(4.0), sides)[0])
    assert np.isnan(total_variation(np.array([0, 1, 0, 1]), sides)[0])


def test_groups_change_sides_as_a_whole_and_sizes_stay() -> None:
    groups = np.repeat(np.arange(30), 3)
    is_b = np.arange(90) >= 60
    sides = permuted_sides(is_b, groups.tolist(), seed=1)
    assert sides.shape == (DRAWS + 1, 90)
    assert (sides[0] == is_b).all()
    assert (sides.reshape(-1, 30, 3) == sides.reshape(-1, 30, 3)[..., :1]).all()
    assert set(sides.sum(axis=1)) == {30}
    assert (permuted_sides(is_b, groups.tolist(), seed=1) == sides).all()


def test_random_halves_stay_below_the_reference_and_a_shift_does_not() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=400)
    is_b = np.arange(400) >= 200
    sides = permuted_sides(is_b, range(400), seed=0)
    alike = wasserstein(values, sides)
    apart = wasserstein(values + is_b, sides)
    assert alike[0] < alike[1:].max()
    assert apart[0] > 3 * np.quantile(apart[1:], 0.95)
