import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from dermaseg_monai.agreement.mixed_model import MixedModel
from dermaseg_monai.errors import DataError


def data(n: int = 300, images: int = 80, people: int = 8) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    image = np.unique(rng.integers(0, images, n), return_inverse=True)[1]
    pair = rng.integers(0, people, n)
    slope = rng.normal(size=n)
    noise = rng.normal(size=images)[image] * 0.7 + rng.normal(size=people)[pair] * 0.5 + rng.normal(size=n) * 0.4
    return 1 + 0.5 * slope + noise, np.column_stack([np.ones(n), slope]), image, pair


def test_one_random_intercept_equals_statsmodels() -> None:
    response, design, image, _ = data()
    ours = MixedModel(response, design, first=image, second=None).fit()
    other = sm.MixedLM(response, design, groups=image).fit()
    assert ours.effects == pytest.approx(other.fe_params, abs=1e-6)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(other.bse[:2], rel=1e-3)
    assert (ours.first, ours.residual) == pytest.approx((other.cov_re[0, 0], other.scale), rel=1e-3)
    assert ours.log_likelihood == pytest.approx(other.llf, abs=1e-6)
    assert ours.second == 0


def test_two_crossed_intercepts_equal_statsmodels() -> None:
    response, design, image, pair = data()
    ours = MixedModel(response, design, first=image, second=pair).fit()
    table = pd.DataFrame({"y": response, "x": design[:, 1], "i": image, "p": pair, "one": 1})
    parts = {"i": "0 + C(i)", "p": "0 + C(p)"}
    other = smf.mixedlm("y ~ x", table, groups="one", vc_formula=parts).fit()
    assert ours.effects == pytest.approx(other.fe_params.to_numpy(), abs=1e-4)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(other.bse_fe.to_numpy(), rel=1e-3)
    assert (ours.first, ours.second) == pytest.approx(tuple(other.vcomp), rel=1e-2)
    assert ours.residual == pytest.approx(other.scale, rel=1e-3)
    assert ours.log_likelihood == pytest.approx(other.llf, abs=1e-4)
    assert ours.log_likelihood >= other.llf - 1e-6


def test_the_second_factor_alone_gives_what_the_first_alone_gives() -> None:
    response, design, _, pair = data()
    one = MixedModel(response, design, first=pair, second=None).fit()
    other = MixedModel(response, design, first=None, second=pair).fit()
    assert one.log_likelihood == pytest.approx(other.log_likelihood)
    assert one.first == pytest.approx(other.second, rel=1e-3)


def test_without_intercepts_it_is_least_squares() -> None:
    response, design, *_ = data()
    ours, other = MixedModel(response, design, first=None, second=None).fit(), sm.OLS(response, design).fit()
    assert ours.effects == pytest.approx(other.params)
    assert ours.residual == pytest.approx(other.scale)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(other.bse)


def test_groups_that_differ_less_than_chance_have_no_variance() -> None:
    response = np.tile([1.0, -1.0], 20)  # every image has the same mean, exactly
    found = MixedModel(response, np.ones((40, 1)), first=np.repeat(np.arange(20), 2), second=None).fit()
    assert found.first == 0
    assert found.residual == pytest.approx(40 / 39)


def test_ten_thousand_images_and_a_hundred_pairs_give_back_their_variances() -> None:
    rng = np.random.default_rng(3)
    n = 30_000
    image, pair = np.repeat(np.arange(10_000), 3), rng.integers(0, 100, n)
    response = rng.normal(size=10_000)[image] + 0.5 * rng.normal(size=100)[pair] + rng.normal(size=n)
    found = MixedModel(response, np.ones((n, 1)), first=image, second=pair).fit()
    assert found.first == pytest.approx(1, rel=0.05)
    assert found.second == pytest.approx(0.25, rel=0.4)
    assert found.residual == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    ("response", "design", "said"),
    [
        (np.arange(3.0), np.ones((3, 3)), "3 observations cannot carry 3 effects"),
        (np.arange(9.0) ** 2, np.ones((9, 2)), "The 2 columns of the design follow from each other"),
        (np.full(9, 0.4), np.ones((9, 1)), "The 9 values do not vary"),
    ],
)
def test_what_cannot_be_fitted_is_refused(response: np.ndarray, design: np.ndarray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        MixedModel(response, design, first=None, second=None)


def test_too_many_levels_of_the_second_factor_are_refused() -> None:
    with pytest.raises(DataError, match="501 levels, more than 500"):
        MixedModel(np.arange(600.0), np.ones((600, 1)), first=None, second=np.minimum(np.arange(600), 500))
