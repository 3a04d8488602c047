from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pytest

from dermaseg_monai.metrics import CaseScore, compare, summarise

Row = Callable[..., CaseScore]


def both(row: Row, gain: float) -> tuple[list[CaseScore], list[CaseScore]]:
    rng = np.random.default_rng(4)
    base = rng.uniform(0.4, 0.9, 100)
    better = base + gain + rng.normal(0, 0.005, 100)
    a = [row(f"case{number}", dice=float(value)) for number, value in enumerate(better)]
    b = [row(f"case{number}", dice=float(value)) for number, value in enumerate(base)]
    return a, b[::-1]  # the order does not matter


def test_pairing_sees_a_gain_that_lies_inside_both_intervals(row: Row) -> None:
    a, b = both(row, gain=0.01)
    dice = compare(a, b, seed=0)["dice"]
    assert dice.difference == pytest.approx(dice.mean_a - dice.mean_b)
    assert 0 < dice.low < dice.difference < dice.high < 0.02
    alone_a, alone_b = (summarise(scores, seed=0).scores["dice"] for scores in (a, b))
    assert alone_a.low is not None
    assert alone_b.high is not None
    assert alone_a.low < alone_b.high


def test_the_other_way_round_is_the_negative(row: Row) -> None:
    a, b = both(row, gain=0.01)
    assert compare(b, a, seed=0)["dice"].difference == pytest.approx(-compare(a, b, seed=0)["dice"].difference)


def test_a_hand_count(row: Row) -> None:
    a = [row("x", dice=0.9, hd95_px=4.0), row("y", dice=0.7, hd95_px=8.0)]
    b = [row("x", dice=0.8, hd95_px=6.0), row("y", dice=0.6, hd95_px=8.0)]
    found = compare(a, b, seed=0)
    assert astuple(found["dice"]) == pytest.approx((0.8, 0.7, 0.1, 0.1, 0.1))
    assert astuple(found["hd95_px"]) == pytest.approx((6, 7, -1, -2, 0))


@pytest.mark.parametrize(
    ("ids_a", "ids_b", "options", "message"),
    [
        (["x", "y"], ["x", "z"], {}, "2 cases are scored on one side only, first y"),
        (["x"], ["x"], {}, "All 1 cases are of one group"),
        (["x", "y"], ["x", "y"], {"groups": {"x": "p", "y": "p"}}, "All 2 cases are of one group"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    row: Row, ids_a: list[str], ids_b: list[str], options: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        compare([row(name) for name in ids_a], [row(name) for name in ids_b], seed=0, **options)


def test_two_sides_with_other_scores_are_refused(row: Row) -> None:
    with pytest.raises(ValueError, match="One side only has hd95_px"):
        compare([row("x", hd95_px=1.0), row("y", hd95_px=1.0)], [row("x"), row("y")], seed=0)
