import numpy as np
import pytest

from dermaseg_monai.images import PREDICTION_RGB, draw_outline, outline, overlay


def grid(*rows: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in row] for row in rows])


def test_the_outline_is_the_rim_of_the_lesion() -> None:
    mask = grid(".....", ".###.", ".###.", ".###.", ".....")
    assert np.array_equal(outline(mask), grid(".....", ".###.", ".#.#.", ".###.", "....."))
    assert np.array_equal(outline(mask, width_px=2), mask)


def test_the_outline_runs_along_the_edge_of_the_picture() -> None:
    assert np.array_equal(outline(grid("####", "####", "####")), grid("####", "#..#", "####"))


def test_an_empty_mask_has_no_outline() -> None:
    assert not outline(grid("...", "...")).any()


def test_a_width_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="width_px must be at least 1; got 0"):
        outline(grid("#"), width_px=0)


def test_an_outline_is_drawn_on_a_copy() -> None:
    rgb = np.zeros((3, 3, 3), dtype=np.uint8)
    drawn = draw_outline(rgb, np.ones((3, 3), dtype=bool), (0, 255, 0))
    assert drawn[..., 1].tolist() == [[255, 255, 255], [255, 0, 255], [255, 255, 255]]
    assert not rgb.any()


def test_picture_and_mask_have_one_size() -> None:
    with pytest.raises(ValueError, match=r"The mask has \(2, 3\) px, the picture \(3, 2\)"):
        draw_outline(np.zeros((3, 2, 3), dtype=np.uint8), np.ones((2, 3), dtype=bool), (0, 255, 0))


def test_an_overlay_is_yellow_inside_and_black_outside_but_not_along_the_edge_of_the_picture() -> None:
    mask = grid("##...", "##...", "##...", ".....")
    drawn = overlay(np.full((4, 5, 3), 200, dtype=np.uint8), mask)
    assert np.array_equal((drawn == PREDICTION_RGB).all(axis=2), grid("##...", "##...", "##...", "....."))
    assert np.array_equal((drawn == 0).all(axis=2), grid("..#..", "..#..", "..#..", "##..."))


@pytest.mark.parametrize(("side_px", "yellow_px", "black_px"), [(320, 2, 1), (800, 2, 1), (2000, 5, 2), (4000, 10, 5)])
def test_the_line_of_an_overlay_is_seen_on_small_photographs_and_grows_with_large_ones(
    side_px: int, yellow_px: int, black_px: int
) -> None:
    mask = np.zeros((60, side_px), dtype=bool)
    mask[20:] = True
    column = overlay(np.full((60, side_px, 3), 200, dtype=np.uint8), mask)[:, side_px // 2]
    assert (column[:40] == PREDICTION_RGB).all(axis=1).sum() == yellow_px
    assert (column == 0).all(axis=1).sum() == black_px
