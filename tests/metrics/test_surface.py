"""Contours drawn by hand, and two slow independent ways to the same distances."""

from collections.abc import Callable
from math import hypot

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, distance_transform_edt, gaussian_filter

from dermaseg_monai.metrics import SurfaceDistances, assd, hd95, surface_dice, surface_distances
from dermaseg_monai.metrics.surface import contour

Draw = Callable[[str], np.ndarray]


def blob(shape: tuple[int, ...], seed: int) -> np.ndarray:
    rough = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 3)
    return rough > np.quantile(rough, 0.7)


def test_the_contour_lies_inside_the_mask_and_holds_the_image_border(draw: Draw) -> None:
    cut = draw("####. ####. ####. .....")  # touches the upper and the left border
    assert [tuple(point) for point in contour(cut)] == [
        (0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 3), (2, 0), (2, 1), (2, 2), (2, 3),
    ]  # fmt: skip
    assert contour(draw("..... ..... ..##.")).tolist() == [[2, 2], [2, 3]]


@pytest.mark.parametrize("shape", [(40, 30), (14, 12, 10)])
def test_the_contour_is_the_mask_less_its_erosion(shape: tuple[int, ...]) -> None:
    mask = blob(shape, seed=1)
    np.testing.assert_array_equal(contour(mask), np.argwhere(mask > binary_erosion(mask)))


def test_distances_of_two_columns(draw: Draw) -> None:
    surfaces = surface_distances(draw("#.... #.... #...."), draw("...#. ...#. ....."), spacing=None)
    assert surfaces.pred_to_label.tolist() == pytest.approx([3, 3, np.sqrt(10)])
    assert surfaces.label_to_pred.tolist() == pytest.approx([3, 3])
    assert surfaces.diagonal == pytest.approx(hypot(3, 5))
    assert assd(surfaces, both_empty=0.0, one_empty=0.0) == pytest.approx((12 + np.sqrt(10)) / 5)
    assert hd95(surfaces, both_empty=0.0, one_empty=0.0) == pytest.approx(3 + 0.9 * (np.sqrt(10) - 3))
    assert surface_dice(surfaces, tolerance=3.0, both_empty=1.0) == pytest.approx(4 / 5)
    assert surface_dice(surfaces, tolerance=2.9, both_empty=1.0) == 0.0


def test_hd95_is_the_larger_of_two_percentiles_not_the_percentile_of_all() -> None:
    far, near = np.full(10, 8.0), np.zeros(990)
    surfaces = SurfaceDistances(far, near, n_pred=10, n_label=990, diagonal=99.0)
    assert hd95(surfaces, both_empty=0.0, one_empty=99.0) == 8.0
    assert np.quantile(np.concatenate([far, near]), 0.95) == 0.0


def test_assd_is_the_mean_of_all_distances_not_of_two_means() -> None:
    surfaces = SurfaceDistances(np.full(1, 8.0), np.zeros(3), n_pred=1, n_label=3, diagonal=99.0)
    assert assd(surfaces, both_empty=0.0, one_empty=99.0) == 2.0


@pytest.mark.parametrize(
    ("shape", "spacing"), [((48, 40), None), ((48, 40), (0.5, 2.0)), ((16, 14, 12), (1.0, 0.8, 3.0))]
)
def test_distances_are_those_of_a_distance_transform(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> None:
    pred, label = blob(shape, seed=1), blob(shape, seed=2)
    edges = [mask > binary_erosion(mask) for mask in (pred, label)]
    surfaces = surface_distances(pred, label, spacing=spacing)
    fields = [np.asarray(distance_transform_edt(~edge, sampling=spacing)) for edge in edges]
    np.testing.assert_allclose(surfaces.pred_to_label, fields[1][edges[0]], rtol=1e-12)
    np.testing.assert_allclose(surfaces.label_to_pred, fields[0][edges[1]], rtol=1e-12)


def test_spacing_runs_along_the_axes_in_order(draw: Draw) -> None:
    pred, label = draw("#... .... ...."), draw(".... .... #...")  # two rows apart
    assert surface_distances(pred, label, spacing=(0.5, 9.0)).pred_to_label.tolist() == [1.0]
    assert surface_distances(pred, label, spacing=(0.5, 9.0)).diagonal == pytest.approx(hypot(1.5, 36))


def test_a_tolerance_of_three_steps_of_a_tenth_holds_three_steps(draw: Draw) -> None:
    surfaces = surface_distances(draw("#..."), draw("...#"), spacing=(0.1, 0.1))
    assert surfaces.pred_to_label[0] > 0.3  # 3 * 0.1 in double precision
    assert surface_dice(surfaces, tolerance=0.3, both_empty=1.0) == 1.0


@pytest.mark.parametrize(("pred", "label"), [("...", ".#."), (".#.", "...")])
def test_one_empty_mask_scores_what_the_caller_says(draw: Draw, pred: str, label: str) -> None:
    surfaces = surface_distances(draw(pred), draw(label), spacing=None)
    assert surfaces.one_empty
    assert not surfaces.both_empty
    assert len(surfaces.pred_to_label) == len(surfaces.label_to_pred) == 0
    assert hd95(surfaces, both_empty=0.0, one_empty=surfaces.diagonal) == pytest.approx(hypot(1, 3))
    assert assd(surfaces, both_empty=0.0, one_empty=7.0) == 7.0
    assert surface_dice(surfaces, tolerance=100.0, both_empty=1.0) == 0.0


def test_two_empty_masks_score_what_the_caller_says(draw: Draw) -> None:
    surfaces = surface_distances(draw("..."), draw("..."), spacing=None)
    assert surfaces.both_empty
    assert hd95(surfaces, both_empty=5.0, one_empty=0.0) == assd(surfaces, both_empty=5.0, one_empty=0.0) == 5.0
    assert surface_dice(surfaces, tolerance=0.0, both_empty=1.0) == 1.0


@pytest.mark.parametrize("spacing", [(1.0,), (1.0, 0.0), (1.0, float("nan")), (1.0, float("inf"))])
def test_a_spacing_that_does_not_fit_is_refused(draw: Draw, spacing: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"spacing is .* mask of 2 axes needs 2 positive lengths"):
        surface_distances(draw("#."), draw("#."), spacing=spacing)


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_below_zero_is_refused(draw: Draw, tolerance: float) -> None:
    surfaces = surface_distances(draw("#."), draw("#."), spacing=None)
    with pytest.raises(ValueError, match=r"tolerance is .*distance of 0 or more"):
        surface_dice(surfaces, tolerance=tolerance, both_empty=1.0)
