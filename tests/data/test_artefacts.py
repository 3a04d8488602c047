import numpy as np
import pytest

from dermaseg_monai.data import artefacts
from dermaseg_monai.data.artefacts.noise import fractal_noise, smooth_noise, smooth_step
from dermaseg_monai.data.artefacts.strokes import Stroke, curve, draw, line
from dermaseg_monai.data.artefacts.unit_rgb import absorb, blend, length_scale

SPOILERS = {
    "blur": artefacts.blur,
    "bubbles": artefacts.bubbles,
    "colour_cast": artefacts.colour_cast,
    "dark_corners": artefacts.dark_corners,
    "grain": artefacts.grain,
    "hair": artefacts.hair,
    "highlights": artefacts.highlights,
    "ink": artefacts.ink,
    "ruler": artefacts.ruler,
    "sticker": artefacts.sticker,
    "vignetting": artefacts.vignetting,
}
each_spoiler = pytest.mark.parametrize("name", SPOILERS)


@pytest.fixture
def skin() -> np.ndarray:
    """Light skin, 96 x 128 px, with a darker square in the middle so that blur has an edge to work on."""
    rgb = np.empty((96, 128, 3), np.float32)
    rgb[:] = (0.82, 0.66, 0.58)
    rgb[32:64, 48:80] = (0.4, 0.25, 0.2)
    return rgb


@each_spoiler
def test_strength_0_leaves_the_picture_as_it_is(name: str, skin: np.ndarray) -> None:
    np.testing.assert_allclose(SPOILERS[name](skin, np.random.default_rng(0), strength=0.0), skin, atol=1e-6)


@each_spoiler
def test_the_same_generator_state_gives_the_same_picture(name: str, skin: np.ndarray) -> None:
    first, second = (SPOILERS[name](skin, np.random.default_rng(7), strength=0.8) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@each_spoiler
def test_the_input_is_kept_and_the_result_stays_in_range(name: str, skin: np.ndarray) -> None:
    before = skin.copy()
    spoilt = SPOILERS[name](skin, np.random.default_rng(3), strength=1.0)
    np.testing.assert_array_equal(skin, before)
    assert spoilt.dtype == np.float32
    assert spoilt.shape == skin.shape
    assert spoilt.min() >= 0
    assert spoilt.max() <= 1
    assert np.abs(spoilt - skin).max() > 0.05


@each_spoiler
def test_a_stronger_artefact_changes_more(name: str, skin: np.ndarray) -> None:
    def change(strength: float) -> float:
        changes = [
            np.abs(SPOILERS[name](skin, np.random.default_rng(seed), strength=strength) - skin).mean()
            for seed in range(12)
        ]
        return float(np.mean(changes))

    assert change(0.2) < change(1.0)


@each_spoiler
@pytest.mark.parametrize("strength", [-0.1, 1.5])
def test_a_strength_outside_0_to_1_is_refused(name: str, strength: float, skin: np.ndarray) -> None:
    with pytest.raises(ValueError, match=rf"strength is {strength}, it must lie in \[0, 1\]"):
        SPOILERS[name](skin, np.random.default_rng(0), strength=strength)


def test_hair_is_dark_and_thin(skin: np.ndarray) -> None:
    hairs = artefacts.grow_hairs(skin.shape, np.random.default_rng(1), strength=0.5)
    cover = draw(skin.shape, hairs)
    haired = artefacts.lay_hairs(skin, hairs, np.random.default_rng(1))
    assert 0 < (cover > 0.5).mean() < 0.25
    assert haired[cover > 0.8].mean() < 0.7 * skin[cover > 0.8].mean()


def test_no_hair_grows_at_strength_0() -> None:
    assert artefacts.grow_hairs((96, 128), np.random.default_rng(1), strength=0.0) == []


def test_the_scope_sees_the_middle_and_not_the_corners() -> None:
    field = artefacts.scope_field((96, 128), np.random.default_rng(0), strength=1.0)
    assert field[48, 64] == 1
    assert field[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0


def test_a_grey_picture_gets_a_tint_from_the_cast() -> None:
    grey = np.full((8, 8, 3), 0.5, np.float32)
    tints = [np.ptp(artefacts.colour_cast(grey, np.random.default_rng(k), strength=1.0)[0, 0]) for k in range(9)]
    assert np.median(tints) > 0.03


def test_a_straight_line_covers_its_pixels() -> None:
    cover = draw((5, 9), [line((2.0, 1.0), (2.0, 7.0), radius_px=0.5)])
    assert cover[2, 1:8].tolist() == [1.0] * 7
    assert cover[0].max() == 0
    assert cover[4].max() == 0


def test_strokes_may_leave_the_picture_and_none_give_nothing() -> None:
    outside = Stroke(np.array([[-20.0, 3.0], [50.0, 3.0]]), np.array([1.0, 1.0]))
    assert draw((5, 9), [outside]).max() == 0
    assert draw((5, 9), []).max() == 0


def test_a_curve_without_bend_is_straight() -> None:
    points = curve((0.0, 0.0), 0.0, 10.0, bend_rad=0.0, wave_rad=0.0)
    assert points[-1].tolist() == pytest.approx([0.0, 10.0])


def test_noise_is_centred_and_smooth() -> None:
    noise = smooth_noise((300, 300), 5.0, np.random.default_rng(0))
    assert abs(float(noise.mean())) < 0.1
    assert float(noise.std()) == pytest.approx(1, abs=0.1)
    assert np.abs(np.diff(noise, axis=0)).max() < 1.6


def test_fractal_noise_keeps_its_variance() -> None:
    assert float(fractal_noise((300, 300), 8.0, np.random.default_rng(0)).std()) == pytest.approx(1, abs=0.12)


def test_smooth_step_goes_from_0_over_one_half_to_1() -> None:
    value = np.array([[-5.0, 1.0, 2.0, 3.0, 9.0]], np.float32)
    assert smooth_step(value, 1.0, 3.0).tolist() == [[0, 0, 0.5, 1, 1]]


def test_blend_and_absorb_match_the_hand_count() -> None:
    rgb = np.full((1, 2, 3), 0.4, np.float32)
    cover = np.array([[0.0, 0.5]], np.float32)
    np.testing.assert_allclose(blend(rgb, (1.0, 0.4, 0.0), cover)[0], [[0.4] * 3, [0.7, 0.4, 0.2]], atol=1e-6)
    half = absorb(rgb, (2 * np.log(2), 0.0, 0.0), cover)
    np.testing.assert_allclose(half[0], [[0.4] * 3, [0.2, 0.4, 0.4]], atol=1e-6)


def test_lengths_scale_with_the_shorter_side() -> None:
    assert length_scale((192, 256)) == 1
    assert length_scale((512, 384)) == 2
