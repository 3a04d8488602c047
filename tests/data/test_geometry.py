import numpy as np
import pytest

from dermaseg_monai.data.geometry import turned, zoomed

SKIN = np.full((20, 60, 3), 200, dtype=np.uint8)
ALL = np.ones((20, 60), dtype=bool)


@pytest.mark.parametrize("angle_deg", [17.0, 45.0, 90.0])
def test_what_turns_in_from_outside_is_skin_and_no_black_corner(angle_deg: float) -> None:
    image, mask = turned(SKIN, ALL, angle_deg=angle_deg)
    assert (image.shape, mask.shape) == (SKIN.shape, ALL.shape)
    assert np.unique(image).tolist() == [200]
    assert mask.all()


@pytest.mark.parametrize("factor", [0.2, 0.5, 1.0, 3.0])
def test_what_comes_in_from_outside_is_skin_at_every_zoom(factor: float) -> None:
    image, mask = zoomed(SKIN, ALL, factor=factor)
    assert (image.shape, mask.shape) == (SKIN.shape, ALL.shape)
    assert np.unique(image).tolist() == [200]
    assert mask.all()


def test_a_quarter_turn_is_counter_clockwise() -> None:
    mask = np.zeros((5, 5), dtype=bool)
    mask[0, 1] = True
    image, mask = turned(np.stack([mask * 255] * 3, axis=2).astype(np.uint8), mask, angle_deg=90.0)
    assert np.argwhere(mask).tolist() == np.argwhere(image[..., 0] > 127).tolist() == [[3, 0]]


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_a_factor_that_is_not_above_0_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match=r"factor is .*, it must be above 0"):
        zoomed(SKIN, ALL, factor=factor)
