"""Photographs painted by hand: where the lesion is, is known."""

import numpy as np
import pytest

from dermaseg_monai.prompting.boxes import mask_box
from dermaseg_monai.prompting.classical import WORKING_PX, classical_mask
from dermaseg_monai.prompting.otsu import otsu_level

SKIN, LESION, BLACK = (220, 180, 170), (120, 70, 50), (8, 8, 8)


def painted(rows: int, columns: int) -> np.ndarray:
    return np.full((rows, columns, 3), SKIN, dtype=np.uint8)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return (one & other).sum() / (one | other).sum()


def disc(rows: int, columns: int, *, centre: tuple[int, int], radius: int) -> np.ndarray:
    y, x = np.ogrid[:rows, :columns]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


@pytest.mark.parametrize(("values", "level"), [([10, 10, 200, 200], 10), ([0, 1, 1, 5, 6], 1), ([7, 7], None)])
def test_otsu_splits_where_the_classes_differ_most(values: list[int], level: int | None) -> None:
    assert otsu_level(np.array(values, dtype=np.uint8)) == level


def test_a_dark_disc_is_found_where_it_is_on_an_image_that_is_not_square() -> None:
    image, lesion = painted(120, 200), disc(120, 200, centre=(40, 130), radius=25)
    image[lesion] = LESION
    found = classical_mask(image)
    assert found.shape == (120, 200)
    assert iou(found, lesion) > 0.85
    assert mask_box(found) == pytest.approx((105, 15, 155, 65), abs=3)


def test_dark_corners_are_not_the_lesion() -> None:
    image = painted(160, 160)
    lesion, field = disc(160, 160, centre=(70, 85), radius=22), disc(160, 160, centre=(80, 80), radius=85)
    image[lesion] = LESION
    image[~field] = BLACK
    assert iou(classical_mask(image), lesion) > 0.8


def test_a_lesion_in_the_middle_is_taken_before_a_larger_dark_part_at_the_edge() -> None:
    image, lesion = painted(150, 150), disc(150, 150, centre=(75, 75), radius=20)
    image[lesion] = LESION
    image[:, :11] = (130, 80, 60)
    found = classical_mask(image)
    assert iou(found, lesion) > 0.8
    assert not found[:, :8].any()


def test_a_hole_is_filled() -> None:
    image, lesion = painted(150, 150), disc(150, 150, centre=(75, 75), radius=40)
    image[lesion] = LESION
    image[disc(150, 150, centre=(75, 75), radius=10)] = SKIN
    assert classical_mask(image)[75, 75]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_colour_has_no_lesion(level: int) -> None:
    found = classical_mask(np.full((40, 50, 3), level, dtype=np.uint8))
    assert found.shape == (40, 50)
    assert not found.any()


def test_a_large_picture_is_worked_on_small_and_comes_back_whole() -> None:
    rows, columns = 3 * WORKING_PX + 7, 2 * WORKING_PX + 5
    image, lesion = painted(rows, columns), disc(rows, columns, centre=(300, 200), radius=90)
    image[lesion] = LESION
    found = classical_mask(image)
    assert found.shape == (rows, columns)
    assert iou(found, lesion) > 0.9


@pytest.mark.parametrize("size_px", [(1, 1), (1, 700), (700, 2), (3, 3)])
def test_the_narrowest_pictures_do_not_fail(size_px: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*size_px, 3), dtype=np.uint8)
    assert classical_mask(image).shape == size_px
