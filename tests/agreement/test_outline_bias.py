import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermaseg_monai.agreement.outline_bias import BIAS_COLUMNS, outline_bias, roughness, with_roughness_difference
from tests.agreement.readers import SHAPE, box, disc


def bias(mask: np.ndarray, consensus: np.ndarray, others: int = 3) -> dict:
    return outline_bias(mask, consensus, others=others, both_empty=1.0)


def test_a_square_grown_by_two_pixels_lies_two_pixels_outside() -> None:
    small, large = box(slice(30, 70), slice(30, 70)), box(slice(28, 72), slice(28, 72))
    found = bias(large, small)
    # the large one's contour: 172 pixels, all 2 px away but the corners, whose pixels lie up to √8 away
    assert found["offset_px"] == pytest.approx(2, abs=0.03)
    assert found["offset_evenness"] == 1
    assert found["furthest_out_px"] == pytest.approx(np.sqrt(8))
    assert found["log_area_ratio"] == pytest.approx(np.log(44**2 / 40**2))
    assert found["offset_percent"] == pytest.approx(100 * found["offset_px"] / (2 * np.sqrt(1600 / np.pi)))
    assert found["centroid_shift_px"] == pytest.approx(0)
    assert found["consensus_area_px"] == 1600
    assert found["dice_consensus"] == pytest.approx(2 * 1600 / (1600 + 44**2))


@pytest.mark.parametrize("by_px", [-3, -1, 1, 2, 4])
def test_a_disc_that_is_too_wide_or_too_narrow(by_px: int) -> None:
    found = bias(disc(30 + by_px), disc(30))
    assert found["offset_px"] == pytest.approx(by_px, abs=0.3)
    assert np.sign(found["log_area_ratio"]) == np.sign(by_px)


def test_a_shifted_disc_has_a_shift_and_no_offset() -> None:
    found = bias(disc(30, (53, 64)), disc(30, (50, 60)))
    assert found["centroid_shift_px"] == pytest.approx(5)
    assert found["centroid_shift_percent"] == pytest.approx(500 / 60, rel=0.01)
    assert found["offset_px"] == pytest.approx(0, abs=0.05)
    assert found["offset_evenness"] == pytest.approx(0.5, abs=0.05)


@given(st.integers(2, 30), st.integers(2, 30), st.integers(20, 80), st.integers(20, 100))
def test_swapping_the_masks_changes_the_sign(one: int, other: int, row: int, column: int) -> None:
    there, back = bias(disc(one), disc(other, (row, column))), bias(disc(other, (row, column)), disc(one))
    for name in ("offset_px", "log_area_ratio"):
        assert there[name] == pytest.approx(-back[name])
    assert there["centroid_shift_px"] == pytest.approx(back["centroid_shift_px"])


def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    empty = np.zeros(SHAPE, dtype=bool)
    alone = bias(disc(20), empty, others=0)
    assert set(alone) == set(BIAS_COLUMNS)
    assert {name for name, value in alone.items() if value is not None} == {"others", "roughness"}
    for mask, consensus, dice in ((empty, disc(20), 0), (disc(20), empty, 0), (empty, empty, 1)):
        found = bias(mask, consensus)
        assert found["dice_consensus"] == dice
        assert found["offset_px"] is found["log_area_ratio"] is found["centroid_shift_px"] is None


def test_a_disc_is_smooth_a_comb_is_rough() -> None:
    comb = disc(30)
    comb[:, ::4] = False
    assert roughness(disc(30)) == pytest.approx(1, abs=0.02)
    # 40 x 40: 160 changes straight on, 2 x 79 lines across with two changes each
    expected = np.pi / 8 * (160 + 2 * 158 / np.sqrt(2)) / (2 * np.sqrt(np.pi * 1600))
    assert roughness(box(slice(30, 70), slice(30, 70))) == pytest.approx(expected)
    rough = roughness(comb)
    assert rough is not None
    assert rough > 5
    assert roughness(np.zeros(SHAPE, dtype=bool)) is None


def test_roughness_is_compared_with_the_other_peoples_outlines() -> None:
    rows = [{"roughness": 1.4}, {"roughness": 1.0}, {"roughness": 1.1}, {"roughness": None}]
    found = with_roughness_difference(rows, ["a", "b", "b", "c"])
    assert found[0]["roughness_difference"] == pytest.approx(1.4 - 1.0)  # the first of b's two
    assert found[1]["roughness_difference"] == pytest.approx(1.0 - 1.4)
    assert "roughness_difference" not in found[3]


def test_a_volume_has_offsets_and_no_roughness() -> None:
    ball, larger = (np.zeros((30, 30, 30), dtype=bool) for _ in range(2))
    ball[10:20, 10:20, 10:20] = larger[9:21, 9:21, 9:21] = True
    found = bias(larger, ball)
    assert found["offset_px"] == pytest.approx(1, abs=0.1)
    assert found["roughness"] is None
