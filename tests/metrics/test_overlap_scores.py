"""Masks drawn by hand, fractions as expected values."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from dermaseg_monai.metrics import (
    Counts,
    accuracy,
    boundary_iou,
    counts,
    dice,
    jaccard,
    precision,
    sensitivity,
    specificity,
    surface_distances,
    threshold_jaccard,
)
from dermaseg_monai.metrics.grid import bounding_box, require_masks

Draw = Callable[[str], np.ndarray]


def test_counts_of_a_drawing(draw: Draw) -> None:
    counted = counts(draw("##.. ##.. ...."), draw(".##. .##. ...."))
    assert counted == Counts(tp=2, fp=2, fn=2, tn=6)
    assert (counted.pred, counted.label, counted.total) == (4, 4, 12)


def test_scores_of_a_drawing(draw: Draw) -> None:
    counted = counts(draw("###. ###. ...."), draw(".### .##. ...."))  # TP 4, FP 2, FN 1, TN 5
    assert dice(counted, both_empty=1.0) == pytest.approx(8 / 11)
    assert jaccard(counted, both_empty=1.0) == pytest.approx(4 / 7)
    assert accuracy(counted) == pytest.approx(9 / 12)
    assert sensitivity(counted, empty_label=1.0) == pytest.approx(4 / 5)
    assert specificity(counted, full_label=1.0) == pytest.approx(5 / 7)
    assert precision(counted, empty_pred=1.0) == pytest.approx(4 / 6)


def test_a_volume_is_counted_in_voxels() -> None:
    pred, label = np.zeros((3, 4, 5), dtype=bool), np.zeros((3, 4, 5), dtype=bool)
    pred[0], label[:2] = True, True  # 20 voxels of 40
    assert counts(pred, label) == Counts(tp=20, fp=0, fn=20, tn=20)


@pytest.mark.parametrize(
    ("tp", "wrong", "score"),
    [
        (13, 7, 0.65),  # 13 / 20 is the threshold itself: kept
        (64, 36, 0.0),
        (66, 34, 0.66),
        (1, 0, 1.0),
    ],
)
def test_threshold_jaccard_is_zero_below_the_threshold_only(tp: int, wrong: int, score: float) -> None:
    assert threshold_jaccard(Counts(tp=tp, fp=wrong, fn=0, tn=9), both_empty=1.0) == pytest.approx(score)


def test_the_threshold_can_be_moved() -> None:
    counted = Counts(tp=7, fp=3, fn=0, tn=0)
    assert threshold_jaccard(counted, both_empty=1.0, threshold=0.7) == pytest.approx(0.7)
    assert threshold_jaccard(counted, both_empty=1.0, threshold=0.71) == 0.0


@pytest.mark.parametrize("policy", [1.0, 0.0])
def test_the_caller_says_what_0_of_0_is(draw: Draw, policy: float) -> None:
    empty = counts(draw(".. .."), draw(".. .."))
    assert dice(empty, both_empty=policy) == policy
    assert jaccard(empty, both_empty=policy) == policy
    assert threshold_jaccard(empty, both_empty=policy) == policy
    assert sensitivity(empty, empty_label=policy) == policy
    assert precision(empty, empty_pred=policy) == policy
    full = counts(draw("## ##"), draw("## ##"))
    assert specificity(full, full_label=policy) == policy


def test_a_missed_lesion_and_a_false_alarm_score_zero_whatever_the_policy(draw: Draw) -> None:
    for pred, label in (("..", "#."), ("#.", "..")):
        counted = counts(draw(pred), draw(label))
        assert dice(counted, both_empty=1.0) == jaccard(counted, both_empty=1.0) == 0.0


@pytest.mark.parametrize(
    "score",
    [counts, partial(surface_distances, spacing=None), partial(boundary_iou, width_px=1, both_empty=1.0)],
    ids=["counts", "surface_distances", "boundary_iou"],
)
def test_masks_of_two_sizes_are_refused(draw: Draw, score: Callable[[np.ndarray, np.ndarray], object]) -> None:
    with pytest.raises(ValueError, match=r"pred is 1 x 3 and label is 2 x 3, .* Bring the prediction back"):
        score(draw("##."), draw("##. ##."))


def test_a_mask_that_is_no_mask_is_refused() -> None:
    grey, mask = np.zeros((2, 2), dtype=np.uint8), np.zeros((2, 2), dtype=bool)
    with pytest.raises(ValueError, match=r"label has dtype uint8, .*`mask > 128`"):
        require_masks(mask, grey)
    with pytest.raises(ValueError, match=r"masks are 0 x 4: there is no pixel"):
        require_masks(np.zeros((0, 4), dtype=bool), np.zeros((0, 4), dtype=bool))


def test_the_box_holds_every_pixel(draw: Draw) -> None:
    assert bounding_box(draw("..... .#... ...#. .....")) == (slice(1, 3), slice(1, 4))
    assert bounding_box(draw("... ...")) is None
    volume = np.zeros((4, 5, 6), dtype=bool)
    volume[3, 0, 2] = volume[1, 4, 2] = True
    assert bounding_box(volume) == (slice(1, 4), slice(0, 5), slice(2, 3))
