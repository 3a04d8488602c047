import numpy as np
import pytest

from dermaseg_monai.data.stressors import STRESSORS, Stressor

NAMES = [
    "hair",
    "ruler",
    "bubbles",
    "ink",
    "blur",
    "jpeg",
    "noise",
    "exposure",
    "white_balance",
    "device_cast",
    "skin_tone",
    "rotation",
    "scale",
    "dark_corners",
]
GEOMETRIC = ("rotation", "scale")
each_stressor = pytest.mark.parametrize("name", NAMES)


def skin(height: int = 96, width: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Light skin with an oblong brown lesion, and the mask of it."""
    rows, columns = np.mgrid[:height, :width] / min(height, width)
    mask = ((rows - height / min(height, width) / 2) / 0.15) ** 2 + ((columns - 0.5) / 0.3) ** 2 < 1
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (209, 168, 148)
    image[mask] = (120, 72, 55)
    image[::7] -= 12
    return image, mask


def applied(name: str, level: float, seed: int = 5, size: tuple[int, int] = (96, 128)) -> tuple[np.ndarray, np.ndarray]:
    return STRESSORS[name].apply(*skin(*size), level, np.random.default_rng(seed))


def test_they_stand_in_the_order_of_the_tables() -> None:
    assert list(STRESSORS) == NAMES
    assert [one.name for one in STRESSORS.values()] == NAMES
    assert [one.name for one in STRESSORS.values() if one.moves_mask] == list(GEOMETRIC)


@each_stressor
def test_five_increasing_levels_have_a_unit(name: str) -> None:
    one = STRESSORS[name]
    assert len(one.levels) == 5
    assert one.levels[0] > 0
    assert list(one.levels) == sorted(set(one.levels))
    assert one.unit
    assert one.about.endswith(".")


@each_stressor
def test_level_0_gives_the_identical_image_and_mask(name: str) -> None:
    image, mask = skin()
    same, same_mask = applied(name, 0.0)
    np.testing.assert_array_equal(same, image)
    np.testing.assert_array_equal(same_mask, mask)


@each_stressor
def test_the_same_generator_state_gives_the_same_image(name: str) -> None:
    top = STRESSORS[name].levels[-1]
    first, second = applied(name, top), applied(name, top)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


@each_stressor
def test_it_changes_the_image_keeps_the_grid_and_moves_the_mask_only_where_said(name: str) -> None:
    image, mask = skin()
    kept = image.copy()
    changed, changed_mask = STRESSORS[name].apply(image, mask, STRESSORS[name].levels[-1], np.random.default_rng(5))
    np.testing.assert_array_equal(image, kept)
    assert changed.dtype == np.uint8
    assert changed.shape == image.shape
    assert changed_mask.dtype == np.bool_
    assert not np.array_equal(changed, image)
    assert np.array_equal(changed_mask, mask) is (name not in GEOMETRIC)


@each_stressor
@pytest.mark.parametrize("size", [(32, 32), (32, 200), (150, 41)])
def test_any_size_and_aspect_will_do(name: str, size: tuple[int, int]) -> None:
    one = STRESSORS[name]
    for level in (one.levels[0], one.levels[-1]):
        changed, mask = applied(name, level, size=size)
        assert changed.shape == (*size, 3)
        assert mask.shape == size


@each_stressor
def test_a_higher_level_changes_more(name: str) -> None:
    image, _ = skin()
    levels = STRESSORS[name].levels

    def change(level: float) -> float:
        return float(np.mean([np.abs(applied(name, level, seed)[0].astype(int) - image).mean() for seed in range(4)]))

    assert change(levels[0]) < change(levels[2]) < change(levels[4])


@each_stressor
@pytest.mark.parametrize("level", [-1.0, 1e4, float("nan")])
def test_a_level_outside_is_refused(name: str, level: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} has levels from 0 to [\d.]+ \(.+\); got"):
        applied(name, level)


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"picture is \(96, 128\) px \(rows, columns\), its mask \(128, 96\)"):
        STRESSORS["blur"].apply(skin()[0], skin()[1].T, 1.0, np.random.default_rng(0))


def test_more_hairs_are_the_same_ones_and_others() -> None:
    image, _ = skin()
    few, many = (np.abs(applied("hair", level)[0].astype(int) - image).max(axis=-1) > 40 for level in (8.0, 80.0))
    assert few.any()
    assert (many | ~few).mean() > 0.99


def test_a_level_means_the_same_on_a_grid_twice_as_fine() -> None:
    def changed_share(name: str, size: tuple[int, int]) -> float:
        shares = []
        for seed in range(3):
            spoilt, _ = applied(name, STRESSORS[name].levels[2], seed, size)
            shares.append(float(np.mean(np.abs(spoilt.astype(int) - skin(*size)[0]).max(axis=-1) > 20)))
        return float(np.mean(shares))

    for name in ("hair", "bubbles", "ink", "ruler", "dark_corners"):
        coarse, fine = changed_share(name, (128, 128)), changed_share(name, (256, 256))
        assert fine == pytest.approx(coarse, rel=0.35, abs=0.01), name


def test_the_share_that_dark_corners_hide_is_the_level_at_any_aspect() -> None:
    for size in ((96, 96), (64, 180)):
        image = np.full((*size, 3), 200, np.uint8)
        dark, _ = STRESSORS["dark_corners"].apply(image, np.zeros(size, bool), 20.0, np.random.default_rng(1))
        assert (dark.mean(axis=-1) < 100).mean() == pytest.approx(0.20, abs=0.03)


def test_stressors_are_values() -> None:
    one = STRESSORS["blur"]
    assert one == Stressor(one.name, one.about, one.levels, one.unit, one.change)
