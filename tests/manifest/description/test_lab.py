import numpy as np
import pytest

from dermaseg_monai.manifest.description.lab import lab_of


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
    found = lab_of(np.array([[rgb]], dtype=np.uint8))
    np.testing.assert_allclose(found[0, 0], expected, atol=0.05)
