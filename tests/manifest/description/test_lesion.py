import numpy as np
import pytest

from dermaseg_monai.manifest.description.lesion import colours, geometry
from tests.manifest.description.drawn import disc, photograph, plain, sample


def test_a_square_in_a_corner_is_measured_by_hand() -> None:
    mask = np.zeros((100, 200), dtype=bool)
    mask[:50, :50] = True
    found = geometry(sample(np.zeros((100, 200, 3), dtype=np.uint8), mask))
    assert found["lesion_area"] == 2500 / 20000
    assert found["lesion_diameter"] == pytest.approx(np.sqrt(4 * 2500 / np.pi) / 100)
    assert found["lesion_x"] == pytest.approx(0.125, abs=0.01)
    assert found["lesion_y"] == pytest.approx(0.25, abs=0.01)
    assert found["lesion_offset"] == pytest.approx(np.hypot(75, 25) / (np.hypot(200, 100) / 2), abs=0.01)
    assert found["border_contact"] == pytest.approx(99 / 596, abs=0.01)
    assert found["lesion_parts"] == 1


def test_parts_are_counted_but_specks_are_not() -> None:
    mask = disc(60, 60, 20) | disc(180, 180, 20)
    mask[250, 10] = True
    assert geometry(sample(photograph(), mask))["lesion_parts"] == 2


def test_an_empty_mask_has_an_area_of_0_and_nothing_else() -> None:
    found = geometry(sample(photograph(), np.zeros((256, 256), dtype=bool)))
    assert found.pop("lesion_area") == 0
    assert set(found.values()) == {None}


def test_a_case_without_a_mask_has_no_geometry() -> None:
    assert set(geometry(sample(photograph(), None)).values()) == {None}


def test_contrast_is_the_difference_of_two_flat_colours_at_any_resolution() -> None:
    nothing = np.zeros((256, 256), dtype=bool)
    small = colours(sample(*plain()), nothing)
    mask = disc(512, 512, 160, side=1024)
    large = colours(sample(photograph(mask, side=1024), mask), nothing)
    assert small["contrast_l"] is not None
    assert small["contrast_l"] > 40
    assert small["contrast"] == pytest.approx(large["contrast"], rel=0.01)
    assert small["colour_variety"] == pytest.approx(0, abs=0.01)


def test_a_lesion_that_fills_the_picture_has_a_colour_but_no_contrast() -> None:
    full = np.ones((256, 256), dtype=bool)
    found = colours(sample(photograph(full), full), ~full)
    assert found["contrast"] is None
    assert found["picture_l"] == pytest.approx(found["lesion_l"] or 0, abs=0.1)
