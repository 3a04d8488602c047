import numpy as np
import pytest
from scipy import ndimage

from dermaseg_monai.manifest.description.outline import outline
from tests.manifest.description.drawn import disc, photograph, sample


def roughness(mask: np.ndarray) -> float:
    found = outline(sample(photograph(side=len(mask)), mask))["outline_roughness"]
    assert found is not None
    return found


def ragged(mask: np.ndarray, amplitude_px: float, seed: int = 0) -> np.ndarray:
    """Move the border of a mask in and out by noise that changes from pixel to pixel."""
    noise = np.random.default_rng(seed).normal(0, amplitude_px, mask.shape)
    inside, outside = (np.asarray(ndimage.distance_transform_edt(side)) for side in (mask, ~mask))
    return inside - outside + noise > 0


def test_a_disc_is_smooth_and_a_ragged_one_is_not() -> None:
    smooth, rough, rougher = disc(128, 128, 60), ragged(disc(128, 128, 60), 1), ragged(disc(128, 128, 60), 3)
    assert roughness(smooth) < 0.05
    assert 2 * roughness(smooth) < roughness(rough) < roughness(rougher)


def test_a_comb_is_measured_by_hand() -> None:
    # teeth of 2 x 2 px every 4 px on a straight line: smoothing cuts their upper row off and fills between the lower
    mask = np.zeros((256, 256), dtype=bool)
    mask[128:] = True
    mask[126:128] = np.arange(256) % 4 < 2
    moved_px, contour_px = 128 + 128, 256 + 256
    assert roughness(mask) == pytest.approx(100 * moved_px / contour_px / 256, rel=0.02)


def test_resolution_and_the_edge_of_the_picture_do_not_matter() -> None:
    assert roughness(disc(512, 512, 240, side=1024)) == pytest.approx(roughness(disc(128, 128, 60)), abs=0.03)
    half = np.zeros((256, 256), dtype=bool)
    half[:, 128:] = True
    assert roughness(half) == 0


def test_a_small_disc_is_not_taken_for_a_ragged_outline() -> None:
    assert roughness(disc(128, 128, 15)) < 0.08
    found = outline(sample(photograph(), disc(128, 128, 13)))
    assert found == {"outline_roughness": None, "lesion_holes": 0}


def test_holes_are_counted_and_bays_of_the_edge_are_not() -> None:
    mask = disc(128, 128, 90) & ~disc(100, 128, 10) & ~disc(160, 128, 5)
    assert outline(sample(photograph(), mask))["lesion_holes"] == 2
    frame = np.ones((256, 256), dtype=bool)
    frame[:40] = False
    assert outline(sample(photograph(), frame))["lesion_holes"] == 0


@pytest.mark.parametrize("mask", [None, np.zeros((256, 256), dtype=bool)])
def test_no_lesion_has_no_outline(mask: np.ndarray | None) -> None:
    assert set(outline(sample(photograph(), mask)).values()) == {None}


def test_a_lesion_that_fills_the_picture_has_no_outline_to_measure() -> None:
    found = outline(sample(photograph(), np.ones((256, 256), dtype=bool)))
    assert found == {"outline_roughness": None, "lesion_holes": 0}
