from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from math import hypot, nan

import numpy as np
import pytest

from dermaseg_monai.metrics import CaseScore, score_case

Draw = Callable[[str], np.ndarray]


def test_one_row_holds_every_score(draw: Draw) -> None:
    score = score_case(
        draw("##.. ##.."), draw(".##. .##."), case_id="ISIC_1", both_empty=1.0, tolerance_px=0.5, boundary_px=1
    )
    assert score == CaseScore(
        case_id="ISIC_1",
        dice=1 / 2,
        jaccard=1 / 3,
        threshold_jaccard=0.0,
        accuracy=1 / 2,
        sensitivity=1 / 2,
        specificity=1 / 2,
        precision=1 / 2,
        hd95_px=1.0,
        assd_px=0.5,
        surface_dice=1 / 2,
        boundary_iou=1 / 3,
        pred_px=4,
        label_px=4,
    )
    assert (score.missed, score.false_alarm, score.both_empty) == (False, False, False)


def test_a_missed_lesion_is_the_worst_of_all(draw: Draw) -> None:
    score = score_case(draw("... ..."), draw(".#. .#."), case_id="x", both_empty=1.0, tolerance_px=9.0, boundary_px=1)
    assert score.missed
    assert (score.dice, score.jaccard, score.sensitivity, score.precision) == (0, 0, 0, 0)
    assert (score.surface_dice, score.boundary_iou, score.specificity) == (0, 0, 1)
    assert score.hd95_px == score.assd_px == pytest.approx(hypot(2, 3))


@pytest.mark.parametrize("policy", [1.0, 0.0])
def test_a_false_alarm_keeps_the_sensitivity_of_the_isic_scorer(draw: Draw, policy: float) -> None:
    pred, label = draw(".#. .#."), draw("... ...")
    score = score_case(pred, label, case_id="x", both_empty=policy, tolerance_px=9.0, boundary_px=1)
    assert score.false_alarm
    assert (score.dice, score.precision, score.sensitivity, score.specificity) == (0, 0, 1, 4 / 6)
    assert score.hd95_px == pytest.approx(hypot(2, 3))


def test_a_lesion_of_one_pixel_counts(row: Callable[..., CaseScore]) -> None:
    assert row("x", pred_px=0, label_px=1).missed
    assert row("x", pred_px=1, label_px=0).false_alarm


@pytest.mark.parametrize(("policy", "diagonals"), [(1.0, 0), (0.0, 1)])
def test_both_empty_follows_the_policy_in_every_score(draw: Draw, policy: float, diagonals: int) -> None:
    score = score_case(
        draw("... ..."), draw("... ..."), case_id="x", both_empty=policy, tolerance_px=1.0, boundary_px=1
    )
    assert score.both_empty
    names = ("dice", "jaccard", "threshold_jaccard", "sensitivity", "precision", "surface_dice", "boundary_iou")
    assert {getattr(score, name) for name in names} == {policy}
    assert score.hd95_px == score.assd_px == pytest.approx(diagonals * hypot(2, 3))
    assert (score.accuracy, score.specificity) == (1, 1)


def test_without_the_contour_its_scores_are_none_and_ask_for_nothing(draw: Draw) -> None:
    score = score_case(draw("#."), draw("#."), case_id="x", both_empty=1.0, surface=False)
    assert (score.hd95_px, score.assd_px, score.surface_dice, score.boundary_iou) == (None, None, None, None)
    assert score.dice == 1


def test_a_volume_with_spacing_is_measured_in_mm() -> None:
    pred, label = np.zeros((4, 4, 4), dtype=bool), np.zeros((4, 4, 4), dtype=bool)
    pred[0, 0, 0] = label[0, 0, 2] = True
    score = score_case(
        pred, label, case_id="x", both_empty=1.0, tolerance_mm=5.0, boundary_px=1, spacing=(1.0, 1.0, 2.5)
    )
    assert (score.hd95_mm, score.assd_mm, score.surface_dice) == (5.0, 5.0, 1.0)
    assert (score.hd95_px, score.assd_px) == (None, None)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"boundary_px": 1}, r"Case x: no spacing is given.*state tolerance_px and no other"),
        ({"boundary_px": 1, "tolerance_px": 1.0, "tolerance_mm": 1.0}, r"state tolerance_px and no other"),
        ({"boundary_px": 1, "tolerance_px": 1.0, "spacing": (1.0, 1.0)}, r"the spacing is given.*state tolerance_mm"),
        ({"tolerance_px": 1.0}, r"Case x: state boundary_px"),
        ({"boundary_px": 0, "tolerance_px": 1.0}, r"Case x: width_px is 0"),
    ],
)
def test_what_moves_the_number_must_be_stated(draw: Draw, asked: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score_case(draw("#."), draw("#."), case_id="x", both_empty=1.0, **asked)


def test_the_case_with_the_wrong_grid_is_named(draw: Draw) -> None:
    with pytest.raises(ValueError, match=r"Case ISIC_7: pred is 1 x 2 and label is 1 x 3"):
        score_case(draw("#."), draw("#.."), case_id="ISIC_7", both_empty=1.0, surface=False)


def test_a_row_cannot_hold_nan_and_cannot_be_changed(row: Callable[..., CaseScore]) -> None:
    with pytest.raises(ValueError, match="hd95_px of case x is nan"):
        row("x", hd95_px=nan)
    with pytest.raises(FrozenInstanceError):
        row("x").dice = 1.0  # type: ignore[misc]
    assert replace(row("x"), dice=1.0).dice == 1.0


@pytest.mark.parametrize(("first", "last", "error_mm3"), [(1, 4, 0.0), (1, 3, -12.0), (0, 5, 24.0)])
def test_the_error_of_a_volume_is_counted_in_cubic_millimetres(first: int, last: int, error_mm3: float) -> None:
    label, pred = (np.zeros((4, 4, 5), dtype=bool) for _ in range(2))
    label[1:3, 1:3, 1:4] = True  # 12 voxels of 2 x 0.5 x 3 mm
    pred[1:3, 1:3, first:last] = True
    found = score_case(
        pred, label, case_id="v", both_empty=1.0, tolerance_mm=1.0, boundary_px=1, spacing=(2.0, 0.5, 3.0)
    )
    assert found.volume_error_mm3 == error_mm3


def test_a_photograph_with_spacing_has_no_volume(draw: Draw) -> None:
    found = score_case(
        draw("##."), draw("#.."), case_id="x", both_empty=1.0, tolerance_mm=1.0, boundary_px=1, spacing=(0.1, 0.1)
    )
    assert (found.hd95_px, found.volume_error_mm3) == (None, None)
