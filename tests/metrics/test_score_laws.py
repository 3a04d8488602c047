"""Laws that hold for every pair of masks, searched by hypothesis in 2D and 3D."""

from collections.abc import Callable
from math import hypot

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dermaseg_monai.metrics import (
    assd,
    boundary_iou,
    counts,
    dice,
    hd95,
    jaccard,
    precision,
    score_case,
    sensitivity,
    surface_dice,
    surface_distances,
    threshold_jaccard,
)

Masks = tuple[np.ndarray, np.ndarray]


@st.composite
def masks(pick: st.DrawFn) -> Masks:
    shape = pick(array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=7))
    return pick(arrays(bool, shape)), pick(arrays(bool, shape))


def scores(pred: np.ndarray, label: np.ndarray) -> dict[str, float]:
    counted, surfaces = counts(pred, label), surface_distances(pred, label, spacing=None)
    return {
        "dice": dice(counted, both_empty=1.0),
        "jaccard": jaccard(counted, both_empty=1.0),
        "threshold_jaccard": threshold_jaccard(counted, both_empty=1.0),
        "surface_dice": surface_dice(surfaces, tolerance=1.0, both_empty=1.0),
        "boundary_iou": boundary_iou(pred, label, width_px=1, both_empty=1.0),
    }


def distances(pred: np.ndarray, label: np.ndarray) -> dict[str, float]:
    surfaces = surface_distances(pred, label, spacing=None)
    return {
        "hd95": hd95(surfaces, both_empty=0.0, one_empty=surfaces.diagonal),
        "assd": assd(surfaces, both_empty=0.0, one_empty=surfaces.diagonal),
    }


@given(masks())
def test_symmetric(pair: Masks) -> None:
    pred, label = pair
    assert scores(pred, label) == scores(label, pred)
    assert distances(pred, label) == pytest.approx(distances(label, pred))


@given(masks())
def test_sensitivity_is_precision_seen_from_the_other_side(pair: Masks) -> None:
    pred, label = pair
    assert sensitivity(counts(pred, label), empty_label=1.0) == precision(counts(label, pred), empty_pred=1.0)


@given(masks())
def test_scores_lie_in_0_to_1_and_distances_below_the_diagonal(pair: Masks) -> None:
    assert all(0 <= score <= 1 for score in scores(*pair).values())
    found = distances(*pair)
    if all(mask.any() for mask in pair):
        assert all(0 <= distance < hypot(*pair[0].shape) for distance in found.values())


@given(masks())
def test_dice_and_jaccard_are_1_only_for_equal_masks(pair: Masks) -> None:
    equal = bool(np.array_equal(*pair))
    found = scores(*pair)
    assert (found["dice"] == 1) is equal
    assert (found["jaccard"] == 1) is equal


@given(masks())
def test_a_mask_against_itself_is_perfect(pair: Masks) -> None:
    assert set(scores(pair[0], pair[0]).values()) == {1.0}
    assert set(distances(pair[0], pair[0]).values()) == {0.0}


@given(masks())
def test_dice_is_2j_over_1_plus_j(pair: Masks) -> None:
    found = scores(*pair)
    assert found["dice"] == pytest.approx(2 * found["jaccard"] / (1 + found["jaccard"]))


@pytest.mark.parametrize("turn", [np.flip, np.transpose, np.rot90, lambda mask: np.pad(mask, 3)])
@given(pair=masks())
@settings(max_examples=50)
def test_flips_turns_and_a_frame_of_skin_change_nothing(turn: Callable[[np.ndarray], np.ndarray], pair: Masks) -> None:
    turned = turn(pair[0]), turn(pair[1])
    assert scores(*turned) == scores(*pair)
    if all(
        mask.any() for mask in pair
    ):  # with an empty mask the distance is the diagonal, which the frame makes longer
        assert distances(*turned) == pytest.approx(distances(*pair))


@given(masks(), st.floats(0.01, 100))
def test_distances_scale_with_the_spacing(pair: Masks, step: float) -> None:
    near = surface_distances(*pair, spacing=None)
    far = surface_distances(*pair, spacing=(step,) * pair[0].ndim)
    np.testing.assert_allclose(far.pred_to_label, step * near.pred_to_label)
    assert far.diagonal == pytest.approx(step * near.diagonal)


@given(masks())
def test_a_case_has_every_score_and_no_nan(pair: Masks) -> None:
    score = score_case(*pair, case_id="x", both_empty=1.0, tolerance_px=1.0, boundary_px=1)
    found = scores(*pair) | {f"{name}_px": value for name, value in distances(*pair).items()}
    assert {name: getattr(score, name) for name in found} == pytest.approx(found)
