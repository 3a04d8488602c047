from dataclasses import replace

import pytest

from dermaseg_monai.assurance import StressRow, make_curve
from dermaseg_monai.assurance.curve import Curve
from tests.assurance.bench import COVERED


def row(case_id: str, step: int, dice: float | None, *, pred_px: int = 10, label_px: int = 10) -> StressRow:
    stressor, level = ("covered", COVERED.levels[step - 1]) if step else ("none", None)
    if dice is None:
        return StressRow(case_id, stressor, step, level, reason="lost")
    return StressRow(case_id, stressor, step, level, dice, dice / 2, 0.0, pred_px, label_px)


def curve(rows: list[StressRow], groups: dict[str, str | None] | None = None) -> Curve | None:
    own: dict[str, str | None] = {one.case_id: one.case_id for one in rows}
    return make_curve(COVERED, rows, groups=groups or own, confidence=0.95, draws=500, seed=0)


ROWS = [
    *(row("a", 0, 1.0), row("b", 0, 0.8)),
    *(row("a", 1, 0.9), row("b", 1, 0.7)),
    *(row("a", 2, 0.5), row("b", 2, 0.0, pred_px=0)),
]


def test_means_and_drops_are_those_of_a_hand() -> None:
    found = curve(ROWS)
    assert found is not None
    assert (found.stressor, found.unit, found.n, found.n_groups) == ("covered", "rows", 2, 2)
    assert found.undisturbed["dice"].mean == pytest.approx(0.9)
    assert [point.scores["dice"].mean for point in found.points] == pytest.approx([0.8, 0.25])
    assert [point.drops["dice"].mean for point in found.points] == pytest.approx([0.1, 0.65])
    assert [point.drops["jaccard"].mean for point in found.points] == pytest.approx([0.05, 0.325])
    assert found.mean_drops["dice"].mean == pytest.approx(0.375)
    assert [(point.level, point.n_missed) for point in found.points] == [(2.0, 0), (5.0, 1)]


def test_the_interval_of_a_drop_is_paired() -> None:
    found = curve(ROWS)
    assert found is not None
    # every case loses 0.1, so the drop is sure although the scores are not
    drop, score = found.points[0].drops["dice"], found.points[0].scores["dice"]
    assert (drop.low, drop.high) == (pytest.approx(0.1), pytest.approx(0.1))
    assert (score.low, score.high) == (pytest.approx(0.7), pytest.approx(0.9))


def test_the_bootstrap_draws_groups() -> None:
    rows = [*ROWS, *(replace(one, case_id=f"{one.case_id}2") for one in ROWS)]
    together: dict[str, str | None] = {"a": "x", "a2": "x", "b": "y", "b2": "y"}
    alone, grouped = curve(rows), curve(rows, together)
    assert alone is not None
    assert grouped is not None
    assert (alone.n_groups, grouped.n_groups) == (4, 2)
    assert grouped.points[1].scores["dice"].low == pytest.approx(0.0)
    assert grouped.mean_drops["dice"].mean == alone.mean_drops["dice"].mean


def test_one_group_has_no_interval() -> None:
    found = curve(ROWS, {"a": "x", "b": "x"})
    assert found is not None
    assert (found.points[0].drops["dice"].low, found.mean_drops["dice"].high) == (None, None)


def test_a_case_that_is_missing_anywhere_is_in_no_point_of_the_curve() -> None:
    found = curve([*ROWS, row("c", 0, 0.1), row("c", 1, 0.1), row("c", 2, None)])
    assert found is not None
    assert found.n == 2
    assert found.undisturbed["dice"].mean == pytest.approx(0.9)
    assert curve([row("c", 0, 0.1), row("c", 1, None), row("c", 2, 0.1)]) is None


def test_false_alarms_are_counted() -> None:
    moved_out = [row("a", 0, 1.0), row("a", 1, 1.0), row("a", 2, 0.0, label_px=0)]
    found = curve(moved_out)
    assert found is not None
    assert [point.n_false_alarms for point in found.points] == [0, 1]
