import numpy as np
import pytest

from dermaseg_monai.data.artefacts.strokes import draw, line
from dermaseg_monai.data.hair_removal import hair_mask, remove_hair

SKIN, LESION, HAIR = (205, 165, 145), (130, 80, 60), (45, 30, 25)


def picture() -> tuple[np.ndarray, np.ndarray]:
    """Skin with a round lesion of 44 px across, 96 x 128 px, and where a hair of 3 px crosses both."""
    image = np.empty((96, 128, 3), np.uint8)
    image[:] = SKIN
    rows, columns = np.mgrid[:96, :128]
    image[np.hypot(rows - 48, columns - 64) < 22] = LESION
    hair = draw(image.shape, [line((10.0, 8.0), (80.0, 120.0), radius_px=1.2)]) > 0.5
    return image, hair


def with_hair() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    bare, hair = picture()
    haired = bare.copy()
    haired[hair] = HAIR
    return bare, haired, hair


def test_a_hair_is_found_whole_and_little_else() -> None:
    _, haired, hair = with_hair()
    found = hair_mask(haired)
    assert (found & hair).sum() > 0.97 * hair.sum()
    assert found.sum() < 2.5 * hair.sum()


def test_what_is_painted_over_looks_as_without_the_hair() -> None:
    bare, haired, hair = with_hair()
    error = np.abs(remove_hair(haired).astype(int) - bare)[hair].max(axis=-1)
    assert np.median(error) <= 3
    assert np.mean(error > 30) < 0.1  # at the lesion's edge the filling is a mixture


def test_pixels_without_hair_keep_their_values() -> None:
    _, haired, _ = with_hair()
    rest = ~hair_mask(haired)
    np.testing.assert_array_equal(remove_hair(haired)[rest], haired[rest])


def test_without_hair_the_picture_is_returned_as_it_is() -> None:
    bare, _ = picture()
    assert not hair_mask(bare).any()
    assert remove_hair(bare) is bare


def test_dark_dots_and_short_dashes_are_no_hairs() -> None:
    image, _ = picture()
    image[10:13, 10:13] = HAIR
    image[80:82, 20:27] = HAIR
    assert not hair_mask(image).any()


@pytest.mark.parametrize("size", [(32, 32), (32, 150), (150, 33)])
def test_a_hair_is_found_on_small_and_narrow_pictures(size: tuple[int, int]) -> None:
    image = np.empty((*size, 3), np.uint8)
    image[:] = SKIN
    image[:, 15:17] = HAIR
    assert hair_mask(image)[:, 15:17].all()
    assert np.abs(remove_hair(image).astype(int) - SKIN).max() <= 2


def test_a_picture_that_is_mostly_hair_is_left_alone() -> None:
    image = np.empty((64, 64, 3), np.uint8)
    image[:] = SKIN
    image[:, ::4] = HAIR
    assert remove_hair(image) is image
