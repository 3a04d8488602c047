import numpy as np
import pytest

from dermaseg_monai.report.view import Window, lesion_window, make_view, outlines_window, reduced


def square(shape: tuple[int, int], top: int, left: int, side: int) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_a_small_lesion_is_shown_in_twice_its_box() -> None:
    # 60 of 300 rows and of 600 columns: the larger share is 1/5, so 2/5 of the picture around the centre (130, 230)
    assert lesion_window(square((300, 600), 100, 200, 60), None) == Window(70, 110, 120, 240)


def test_the_window_stays_inside_the_picture() -> None:
    assert lesion_window(square((300, 600), 0, 540, 60), None) == Window(0, 360, 120, 240)


def test_the_window_holds_both_lesions() -> None:
    far = square((300, 600), 100, 0, 20) | square((300, 600), 100, 500, 20)
    assert lesion_window(square((300, 600), 100, 0, 20), far) == Window(0, 0, 300, 600)


@pytest.mark.parametrize("side", [0, 150])
def test_a_large_lesion_or_none_is_shown_in_the_whole_picture(side: int) -> None:
    assert lesion_window(square((300, 600), 10, 10, side), None) == Window(0, 0, 300, 600)


def test_a_tiny_lesion_is_not_enlarged_without_end() -> None:
    # one pixel of 480: 48 rows, a tenth of the picture
    assert lesion_window(square((480, 960), 240, 480, 1), None) == Window(216, 432, 48, 96)


def test_outlines_are_shown_with_a_margin_however_large_the_lesion_is() -> None:
    # 150 of 300 rows: half of the picture, so three quarters of it around the centre (125, 275)
    assert outlines_window(square((300, 600), 50, 200, 150)) == Window(12, 50, 225, 450)
    assert outlines_window(square((300, 600), 0, 0, 250)) == Window(0, 0, 300, 600)


def test_reduction_is_the_mean_of_blocks() -> None:
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert reduced(values, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_a_block_that_is_cut_off_is_the_mean_of_what_it_holds() -> None:
    values = np.array([[0, 2, 10]], dtype=np.float32)
    assert reduced(values, 1).tolist() == [[4.0]]
    assert reduced(np.array([[0, 2, 4, 6, 10]], dtype=np.float32), 2).tolist() == [[1.0, 5.0, 10.0]]


def test_what_is_small_keeps_its_grid() -> None:
    assert reduced(np.ones((3, 5), dtype=bool), 4).shape == (3, 5)


def test_a_view_counts_in_the_original_and_is_drawn_small() -> None:
    image = np.zeros((400, 400, 3), dtype=np.uint8)
    label = square((400, 400), 0, 0, 200)
    pred = square((400, 400), 0, 0, 100)
    view = make_view(image, pred, label=label, maps={"boundary": np.ones((400, 400), np.float32)}, side_px=100)
    assert view.counts_px == {"pred": 10_000, "label": 40_000, "missed": 30_000, "extra": 0}
    assert view.image.shape == (100, 100, 3)
    assert view.maps["boundary"].shape == (100, 100)
    assert view.missed is not None
    assert view.missed.sum() == 30_000 / 16
    assert view.zoom == 1


def test_a_speck_is_never_lost() -> None:
    image = np.zeros((960, 960, 3), dtype=np.uint8)
    pred = square((960, 960), 500, 500, 1) | square((960, 960), 3, 3, 1)  # two specks far apart: nothing is enlarged
    view = make_view(image, pred, label=None, maps={}, side_px=96)
    assert view.pred.shape == (96, 96)
    assert np.count_nonzero(view.pred) == 2


def test_the_frame_is_in_pixels_of_the_overview() -> None:
    view = make_view(
        np.zeros((300, 600, 3), dtype=np.uint8), square((300, 600), 100, 200, 60), label=None, maps={}, side_px=300
    )
    assert view.overview.shape == (150, 300, 3)
    assert view.frame == (54.5, 34.5, 120.0, 60.0)
    assert view.zoom == 2.5
