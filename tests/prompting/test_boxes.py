import numpy as np
import pytest

from dermaseg_monai.prompting.boxes import case_generator, jittered_box, mask_box, whole_box
from tests.prompting.conftest import drawn

WIDE = drawn(["......", ".####.", "..#...", "......"])


def test_a_box_is_columns_first_and_ends_on_lesion_pixels() -> None:
    assert mask_box(WIDE) == (1.0, 1.0, 4.0, 2.0)
    assert mask_box(WIDE.T) == (1.0, 1.0, 2.0, 4.0)


def test_an_empty_mask_has_no_box_and_a_full_one_the_whole() -> None:
    assert mask_box(np.zeros((3, 7), dtype=bool)) is None
    assert mask_box(np.ones((3, 7), dtype=bool)) == whole_box((3, 7)) == (0.0, 0.0, 6.0, 2.0)


def jitter(case_id: str = "a", *, jitter_px: int = 5, seed: int = 0, size_px: tuple[int, int] = (90, 40)) -> object:
    return jittered_box((10.0, 20.0, 30.0, 80.0), jitter_px=jitter_px, size_px=size_px, case_id=case_id, seed=seed)


def test_jitter_belongs_to_case_and_seed() -> None:
    assert jitter() == jitter()
    assert len({jitter(), jitter("b"), jitter(seed=1)}) == 3


def test_every_side_moves_by_at_most_the_stated_pixels_both_ways() -> None:
    boxes = [
        jittered_box((10.0, 20.0, 30.0, 80.0), jitter_px=2, size_px=(90, 40), case_id=str(number), seed=0)
        for number in range(200)
    ]
    moves = np.array(boxes) - np.array([10, 20, 30, 80])
    assert [sorted(set(side)) for side in moves.T.tolist()] == [[-2, -1, 0, 1, 2]] * 4


@pytest.mark.parametrize("number", range(20))
def test_a_moved_box_stays_inside_the_image_and_the_right_way_round(number: int) -> None:
    x0, y0, x1, y1 = jittered_box((1.0, 1.0, 3.0, 8.0), jitter_px=50, size_px=(10, 5), case_id=str(number), seed=0)
    assert 0 <= x0 <= x1 <= 4
    assert 0 <= y0 <= y1 <= 9


def test_a_jitter_below_one_pixel_is_refused() -> None:
    with pytest.raises(ValueError, match="jitter_px must be at least 1; got 0"):
        jitter(jitter_px=0)


def test_random_numbers_of_a_case_do_not_depend_on_other_cases() -> None:
    first = case_generator("ISIC_1", 7).integers(1000)
    case_generator("ISIC_2", 7).integers(1000)
    assert case_generator("ISIC_1", 7).integers(1000) == first
