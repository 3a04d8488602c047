import numpy as np
import pytest

from dermaseg_monai.data.colour_constancy import gains, shades_of_grey


def test_the_minkowski_mean_of_order_6_matches_the_hand_count() -> None:
    image = np.zeros((1, 2, 3), np.uint8)
    image[0, 0] = (255, 255, 255)
    image[0, 1] = (255, 0, 255)
    green = 0.5 ** (1 / 6)  # mean of 1 and 0, then the sixth root
    size = np.sqrt((1 + green**2 + 1) / 3)
    assert gains(image) == pytest.approx([size, size / green, size], rel=1e-6)


def test_a_cast_over_a_grey_picture_goes_away() -> None:
    grey = np.repeat(np.arange(20, 180, 10, dtype=np.uint8)[None, :, None], 3, axis=2)
    cast = np.rint(grey * np.array([1.2, 1.0, 0.7])).astype(np.uint8)
    assert np.ptp(shades_of_grey(cast).astype(int), axis=-1).max() <= 2


def test_two_lights_over_one_scene_look_alike_afterwards() -> None:
    scene = np.random.default_rng(0).integers(20, 150, (16, 16, 3))
    one, other = (np.rint(scene * np.array(light)).astype(np.uint8) for light in ((1.0, 1.0, 1.0), (1.3, 1.0, 0.8)))
    before = np.abs(one.astype(int) - other).mean()
    after = np.abs(shades_of_grey(one).astype(int) - shades_of_grey(other)).mean()
    assert after < 0.35 * before


def test_a_neutral_picture_stays_and_a_black_one_too() -> None:
    neutral = np.full((4, 5, 3), 77, np.uint8)
    np.testing.assert_array_equal(shades_of_grey(neutral), neutral)
    np.testing.assert_array_equal(shades_of_grey(neutral * 0), neutral * 0)


def test_what_would_be_brighter_than_white_is_cut() -> None:
    image = np.zeros((1, 8, 3), np.uint8)
    image[0, :, 0] = 200
    image[0, 0] = (255, 255, 255)
    assert shades_of_grey(image).max() == 255
