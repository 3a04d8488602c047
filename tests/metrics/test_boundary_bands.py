from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, gaussian_filter

from dermaseg_monai.metrics import boundary_iou
from dermaseg_monai.metrics.boundary_bands import band

Draw = Callable[[str], np.ndarray]


def test_the_band_of_a_square(draw: Draw) -> None:
    square = draw("....... .#####. .#####. .#####. .#####. .#####. .......")
    ring = draw("....... .#####. .#...#. .#...#. .#...#. .#####. .......")
    thick = draw("....... .#####. .#####. .##.##. .#####. .#####. .......")
    np.testing.assert_array_equal(band(square, width_px=1), ring)
    np.testing.assert_array_equal(band(square, width_px=2), thick)
    np.testing.assert_array_equal(band(square, width_px=3), square)


@pytest.mark.parametrize("shape", [(60, 50), (20, 18, 16)])
@pytest.mark.parametrize("width_px", [1, 2, 3, 5, 8])
def test_the_band_is_the_mask_less_its_square_erosion(shape: tuple[int, ...], width_px: int) -> None:
    mask = gaussian_filter(np.random.default_rng(5).standard_normal(shape), 6) > 0
    kept = binary_erosion(mask, structure=np.ones((3,) * mask.ndim), iterations=width_px)
    np.testing.assert_array_equal(band(mask, width_px=width_px), mask > kept)


def test_two_squares_one_pixel_apart(draw: Draw) -> None:
    pred = draw(".#####. .#####. .#####. .#####. .#####.")
    label = draw("..##### ..##### ..##### ..##### ..#####")
    # rings of 16 pixels; they share the upper and the lower row, 4 pixels each
    assert boundary_iou(pred, label, width_px=1, both_empty=1.0) == pytest.approx(8 / 24)


def test_a_wide_band_gives_the_jaccard(draw: Draw) -> None:
    pred, label = draw("###. ###. ...."), draw(".### .##. ....")
    assert boundary_iou(pred, label, width_px=9, both_empty=1.0) == pytest.approx(4 / 7)


def test_empty_masks(draw: Draw) -> None:
    assert boundary_iou(draw("..."), draw("..."), width_px=1, both_empty=0.25) == 0.25
    assert boundary_iou(draw("..."), draw(".#."), width_px=1, both_empty=1.0) == 0.0
    assert boundary_iou(draw(".#."), draw("..."), width_px=1, both_empty=1.0) == 0.0


def test_a_band_without_width_is_refused(draw: Draw) -> None:
    with pytest.raises(ValueError, match="width_px is 0, but a band is at least 1 pixel wide"):
        boundary_iou(draw("#"), draw("#"), width_px=0, both_empty=1.0)
