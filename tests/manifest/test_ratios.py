import pytest

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest.ratios import sizes


@pytest.mark.parametrize(
    ("text", "n_cases", "expected"),
    [
        ("70:30", 10, (7, 3)),
        ("70:10:20", 2594, (1816, 259, 519)),  # 1815.8, 259.4, 518.8
        ("0.7:0.3", 10, (7, 3)),
        ("50:50", 3, (2, 1)),  # equal remainders: the earlier part
        ("8016/1999", 10015, (8016, 1999)),
    ],
)
def test_parts_add_up_to_all_cases(text: str, n_cases: int, expected: tuple[int, ...]) -> None:
    assert sizes(text, n_cases, scale=False) == expected


def test_counts_are_scaled_when_asked() -> None:
    assert sizes("8016/1999", 4800, scale=True) == (3842, 958)  # 3841.92, 958.08


@pytest.mark.parametrize(("text", "total"), [("70:10:30", "110"), ("70:20", "90"), ("0.7:0.4", "1.1")])
def test_ratios_that_do_not_add_up_are_refused(text: str, total: str) -> None:
    with pytest.raises(ConfigError, match=rf"{text} add up to {total}; shares add up to 100 or to 1"):
        sizes(text, 100, scale=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [("80/30", "asks for 110 cases and exceeds the 100 cases there are"), ("60/30", "leaves 10 of 100 over")],
)
def test_counts_that_are_not_the_cases_are_refused(text: str, said: str) -> None:
    with pytest.raises(DataError, match=rf"{said}.*--scale"):
        sizes(text, 100, scale=False)


@pytest.mark.parametrize("text", ["70", "70:0:30", "-70:170", "a:b", "1/2/3/4", "0.5/0.5", "1e2:3", "", "³:97"])
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected two or three shares above 0"):
        sizes(text, 100, scale=False)


def test_a_part_without_a_case_is_refused() -> None:
    with pytest.raises(DataError, match="98:1:1 of 10 cases leaves part 2 empty"):
        sizes("98:1:1", 10, scale=False)
