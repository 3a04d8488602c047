import pytest

from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.report import pick


def rows(**jaccard: float) -> list[CaseRow]:
    return [CaseRow(name, f"{name}.jpg", f"{name}.png", "", {"jaccard": value}) for name, value in jaccard.items()]


def names(found: list[CaseRow], count: int) -> list[str]:
    return ["".join(ranked.row.case_id for ranked in group) for group in pick(found, count).values()]


def test_best_median_and_worst_by_hand() -> None:
    # ranking: g .9, a .8, f .7, b .6, e .5, c .4, d .1
    seven = rows(a=0.8, b=0.6, c=0.4, d=0.1, e=0.5, f=0.7, g=0.9)
    assert names(seven, 1) == ["g", "b", "d"]
    assert names(seven, 2) == ["ga", "fb", "dc"]  # the worst begin with the worst
    assert [ranked.rank for ranked in pick(seven, 2)["Worst"]] == [7, 6]


def test_ties_are_in_the_order_of_ids_and_no_case_comes_twice() -> None:
    assert names(rows(d=0.5, c=0.5, b=0.5, a=0.5, e=0.5, f=0.5), 2) == ["ab", "cd", "fe"]


@pytest.mark.parametrize(
    ("n", "expected"), [(1, ["", "", "a"]), (2, ["a", "", "b"]), (4, ["a", "b", "dc"]), (5, ["ab", "c", "ed"])]
)
def test_a_few_cases_are_all_shown_once(n: int, expected: list[str]) -> None:
    assert names(rows(**{"abcde"[at]: 1 - at / 10 for at in range(n)}), 4) == expected


def test_a_case_without_a_jaccard_takes_no_part() -> None:
    assert names([*rows(a=0.5, b=0.4, c=0.3), CaseRow("x", "x.jpg", None, "broken", {})], 1) == ["a", "b", "c"]
    assert names([], 1) == ["", "", ""]


def test_no_case_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="count is 0; give 1 or more"):
        pick([], 0)
