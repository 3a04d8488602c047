"""Percentiles of a stream are those of all its numbers at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermaseg_monai.data.streamed_percentiles import streamed_percentiles


def test_percentiles_that_can_be_counted() -> None:
    parts = [np.array([[4, 1]], dtype=np.float32), np.array([3, 0, 2], dtype=np.float32)]
    assert streamed_percentiles(lambda: parts, [0.0, 25.0, 50.0, 62.5, 100.0]) == [0, 1, 2, 2.5, 4]


@given(
    st.lists(st.floats(-(2.0**120), 2.0**120, width=32), min_size=1, max_size=50),
    st.lists(st.floats(0, 100), min_size=1, max_size=3),
    st.integers(1, 7),
)
def test_they_are_numpys_for_any_numbers_in_any_parts(numbers: list[float], percents: list[float], size: int) -> None:
    values = np.array(numbers, dtype=np.float32)
    parts = [values[start : start + size] for start in range(0, len(values), size)]
    found = streamed_percentiles(lambda: parts, percents)
    np.testing.assert_allclose(found, np.percentile(values.astype(np.float64), percents), rtol=1e-9, atol=1e-30)


def test_numbers_that_share_their_upper_bits_are_told_apart() -> None:
    values = np.float32(1) + np.arange(1001, dtype=np.float32) * np.finfo(np.float32).eps
    assert streamed_percentiles(lambda: [values[::-1]], [50.0]) == [float(values[500])]


def test_no_numbers_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no numbers"):
        streamed_percentiles(list, [50.0])
