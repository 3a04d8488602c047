from math import nan

from dermaseg_monai.metrics.interval_text import bracketed


def test_an_interval_stands_behind_its_value_in_the_same_format() -> None:
    assert bracketed(0.8126, 0.7, 0.9) == "0.813 [0.700, 0.900]"
    assert bracketed(-1.0, -2.0, 0.0, "+.1f") == "-1.0 [-2.0, +0.0]"


def test_without_an_interval_the_value_stands_alone() -> None:
    assert bracketed(0.5, None, None) == bracketed(0.5, nan, nan) == "0.500"
