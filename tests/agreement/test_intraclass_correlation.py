import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from dermaseg_monai.agreement import intraclass
from dermaseg_monai.errors import DataError

# Shrout & Fleiss 1979, table 2: six cases by four judges
SHROUT = pd.DataFrame(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)


def with_gaps(cases: int = 40, readers: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(cases, 1)) * 2 + rng.normal(size=readers) + rng.normal(size=(cases, readers))
    for row in values:
        row[rng.permutation(readers)[: readers - 3]] = np.nan
    return pd.DataFrame(values)


def test_the_table_of_shrout_and_fleiss() -> None:
    found = intraclass(SHROUT)
    assert found.value == pytest.approx(0.29, abs=0.005)
    assert (found.low, found.high) == (pytest.approx(0.02, abs=0.005), pytest.approx(0.76, abs=0.005))
    assert (found.cases, found.readers, found.estimator) == (6, 4, "ANOVA")


def test_a_constant_offset_of_one_reader_lowers_absolute_agreement() -> None:
    shifted = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [3.0, 4, 5, 6]})
    # 4 cases, 2 readers: mean squares 10/3 of cases, 8 of readers, 0 of the rest
    assert intraclass(shifted).value == pytest.approx((10 / 3) / (10 / 3 + 2 * 8 / 4))


@pytest.mark.parametrize(("small", "large"), [(100.0, 200.0), (0.1, 0.3)])
def test_cases_all_alike_with_readers_apart_have_no_agreement_and_no_interval(small: float, large: float) -> None:
    found = intraclass(pd.DataFrame({"a": [small] * 3, "b": [large] * 3}))
    assert found.value == pytest.approx(0)
    assert (found.low, found.high) == (None, None)


@pytest.mark.parametrize(("small", "large"), [(100.0, 200.0), (0.1, 0.3)])
def test_two_values_crosswise_are_refused_in_words(small: float, large: float) -> None:
    with pytest.raises(DataError, match="crosswise"):
        intraclass(pd.DataFrame({"a": [small, large], "b": [large, small]}))


def test_variances_of_an_incomplete_design_equal_those_of_statsmodels() -> None:
    table = with_gaps()
    long = table.rename_axis("case").reset_index().melt("case", var_name="reader", value_name="y").dropna()
    long["one"] = 1
    parts = {"case": "0 + C(case)", "reader": "0 + C(reader)"}
    other = smf.mixedlm("y ~ 1", long, groups="one", vc_formula=parts).fit()
    case, reader = other.vcomp
    found = intraclass(table)
    assert found.estimator == "REML"
    assert found.value == pytest.approx(case / (case + reader + other.scale), abs=1e-3)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_one_lost_value_moves_the_answer_a_little_and_a_case_of_one_reader_not_at_all() -> None:
    holed = SHROUT.copy()
    holed.iloc[0, 0] = np.nan
    assert intraclass(holed).value == pytest.approx(0.29, abs=0.1)
    alone = pd.concat([SHROUT, pd.DataFrame([[5.0, np.nan, np.nan, np.nan]])], ignore_index=True)
    assert intraclass(alone) == intraclass(SHROUT)


def test_more_cases_make_the_interval_of_an_incomplete_design_narrower() -> None:
    few, many = intraclass(with_gaps(20, 12)), intraclass(with_gaps(400, 12))
    assert few.low is not None
    assert many.low is not None
    assert many.high is not None
    assert few.high is not None
    assert many.high - many.low < few.high - few.low


def test_readers_who_always_agree() -> None:
    same = pd.DataFrame({"a": [1.0, 2, 5], "b": [1.0, 2, 5], "c": [1.0, np.nan, 5]})
    assert (intraclass(same).value, intraclass(same).low) == (1, 1)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pd.DataFrame({"a": [1.0, 2, 3]}), "No two readers measured the same case"),
        (pd.DataFrame({"a": [1.0, np.nan], "b": [np.nan, 2.0]}), "No two readers measured the same case"),
        (pd.DataFrame({"a": [1.0], "b": [2.0]}), "1 case was measured by two readers"),
        (pd.DataFrame({"a": [3.0, 3], "b": [3.0, 3]}), "All 4 values are the same"),
        (
            pd.DataFrame({"a": [1.0, np.nan], "b": [2.0, np.nan], "c": [np.nan, 3.0], "d": [np.nan, 5.0]}),
            "cannot be told apart",
        ),
    ],
)
def test_a_design_that_cannot_give_it_says_why(table: pd.DataFrame, said: str) -> None:
    with pytest.raises(DataError, match=said):
        intraclass(table)
