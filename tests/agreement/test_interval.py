import numpy as np
import pytest

from dermaseg_monai.agreement.interval import LEAST_GROUPS, is_too_narrow, too_narrow
from dermaseg_monai.metrics.bootstrap import bootstrap_means, percentile_interval


def test_only_intervals_that_are_there_are_warned_of() -> None:
    assert [is_too_narrow(count) for count in (1, 2, LEAST_GROUPS - 1, LEAST_GROUPS)] == [False, True, True, False]
    (words,) = too_narrow({"a – b": 1, "a – c": 9, "b – c": 2, "c – d": 10})
    assert words.startswith("a – c, b – c: fewer than 10 lesions or patients")
    assert too_narrow({"a – b": 30}) == []


@pytest.mark.parametrize(("count", "held"), [(2, 0.50), (3, 0.75), (5, 0.87), (10, 0.91)])
def test_the_interval_of_few_groups_misses_as_often_as_is_said(count: int, held: float) -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(count, 1000))  # each column is a sample whose true mean is 0
    bounds = percentile_interval(bootstrap_means(samples, np.arange(count), draws=1000, seed=0), confidence=0.95)
    assert float(np.mean([low < 0 < high for low, high in bounds])) == pytest.approx(held, abs=0.035)
