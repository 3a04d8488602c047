import numpy as np
import pytest

from dermaseg_monai.images import to_displayed, to_lab, to_linear


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_known_colours(rgb: tuple[int, int, int], expected: tuple[float, float, float]) -> None:
    found = to_lab(np.array([[rgb]], dtype=np.uint8))
    np.testing.assert_allclose(found[0, 0], expected, atol=0.05)


def test_bytes_and_unit_values_give_one_colour_and_light_comes_back() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (40, 3), dtype=np.uint8)
    unit = levels.astype(np.float32) / 255
    np.testing.assert_array_equal(to_lab(levels), to_lab(unit))
    np.testing.assert_allclose(to_displayed(to_linear(unit)), unit, atol=1e-6)
