"""Both tables are Krippendorff's own: Computing Krippendorff's Alpha-Reliability, University of Pennsylvania, 2011."""

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.chance import vote_sums
from dermaseg_monai.agreement.krippendorff import interval_alpha, interval_sums, nominal_alpha
from dermaseg_monai.agreement.votes import VOTE_COLUMNS, Votes

NONE = np.nan
FOUR_READERS = pd.DataFrame(
    {
        "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        "C": [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    }
)


def interval(values: pd.DataFrame) -> float:
    return float(interval_alpha(interval_sums(values).to_numpy().sum(axis=0)))


def nominal(*rows: tuple[int, int, int]) -> float:
    table = pd.DataFrame([("c", *row, 0) for row in rows], columns=list(VOTE_COLUMNS))
    return float(nominal_alpha(vote_sums(Votes(table, 0.2), "band").to_numpy().sum(axis=0)))


def test_interval_data_of_four_readers_with_gaps() -> None:
    assert interval(FOUR_READERS) == pytest.approx(0.849, abs=0.0005)


def test_binary_data_of_two_readers() -> None:
    # readers, lesion readers, pixels: 5 units both 0, 4 units apart, 1 unit both 1
    assert nominal((2, 0, 5), (2, 1, 4), (2, 2, 1)) == pytest.approx(0.095, abs=0.0005)


def test_a_gap_is_not_a_value_and_a_unit_with_one_value_says_nothing() -> None:
    assert interval(FOUR_READERS.iloc[:11]) == interval(FOUR_READERS)  # only B judged the twelfth
    assert nominal((2, 0, 5), (2, 1, 4), (2, 2, 1), (1, 1, 99)) == nominal((2, 0, 5), (2, 1, 4), (2, 2, 1))


def test_an_offset_and_a_scale_change_nothing() -> None:
    assert interval(FOUR_READERS * 1000 + 1e6) == pytest.approx(interval(FOUR_READERS))


def test_equal_values_have_no_alpha_and_equal_readers_have_one() -> None:
    assert np.isnan(interval(pd.DataFrame({"A": [0.1, 0.1], "B": [0.1, 0.1]})))
    assert np.isnan(nominal((2, 2, 9)))
    assert interval(pd.DataFrame({"A": [1.0, 5.0], "B": [1.0, 5.0]})) == pytest.approx(1)
