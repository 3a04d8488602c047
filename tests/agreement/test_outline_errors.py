import numpy as np
import pytest

from dermaseg_monai.agreement.leave_one_out import Others, leave_one_out
from dermaseg_monai.agreement.outline_bias import outline_bias
from dermaseg_monai.agreement.outline_errors import INCLUSION, MISSING, PLACEMENT, OutlineError, find_errors
from tests.agreement.readers import SHAPE, box, disc

LESION = disc(25)
SATELLITE = box(slice(5, 10), slice(100, 108))
SPECK = box(slice(5, 7), slice(100, 104))


def errors(mask: np.ndarray, consensus: np.ndarray, others: int = 3) -> list[OutlineError]:
    rest = Others(others, consensus, np.zeros(SHAPE, dtype=bool))
    return find_errors(mask, rest, outline_bias(mask, consensus, others=others, both_empty=1.0))


def kinds(mask: np.ndarray, consensus: np.ndarray, others: int = 3) -> list[tuple[str, str]]:
    return [(one.type, one.finding) for one in errors(mask, consensus, others)]


def test_the_same_outline_has_no_error_and_nearly_the_same_none_either() -> None:
    assert kinds(LESION, LESION) == []
    assert kinds(disc(27), LESION) == []
    assert kinds(disc(25, (52, 62)), LESION) == []
    assert kinds(LESION | SPECK, LESION) == []
    assert kinds(LESION, LESION | SPECK) == []


def test_an_outline_that_is_too_wide_all_around_is_placed_wrongly() -> None:
    (found,) = errors(disc(30), LESION)
    assert (found.type, found.finding) == (PLACEMENT, "too loose")
    assert found.measure == pytest.approx(10, abs=0.7)  # 5 px of 50
    assert (found.region == (disc(30) & ~LESION)).all()
    assert found.region[found.place_px]
    assert "outside that of the others" in found.explanation
    (found,) = errors(disc(20), LESION)
    assert (found.type, found.finding) == (PLACEMENT, "too tight")
    assert found.measure == pytest.approx(-10, abs=0.7)
    assert found.size_px == LESION.sum() - disc(20).sum()


def test_another_shape_is_no_boundary_placement() -> None:
    one_side = LESION | box(slice(35, 65), slice(60, 118))  # far outside on the right, right elsewhere
    assert kinds(one_side, LESION) == []


def test_a_satellite_left_out_is_found_where_it_is() -> None:
    (found,) = errors(LESION, LESION | SATELLITE)
    assert (found.type, found.finding, found.size_px) == (MISSING, "satellite", 40)
    assert found.measure == pytest.approx(100 * 40 / (LESION.sum() + 40))
    assert 5 <= found.place_px[0] < 10
    assert 100 <= found.place_px[1] < 108
    touched = LESION | box(slice(9, 11), slice(106, 112))
    assert (MISSING, "satellite") not in kinds(touched, LESION | SATELLITE)


def test_a_lesion_not_outlined_at_all_is_missing_whole() -> None:
    (found,) = errors(np.zeros(SHAPE, dtype=bool), LESION)
    assert (found.type, found.finding, found.measure) == (MISSING, "whole lesion", 100)


def test_a_hair_that_runs_out_of_the_lesion_is_an_inclusion() -> None:
    hair = box(slice(49, 51), slice(60, 115))
    (found,) = errors(LESION | hair, LESION)
    assert (found.type, found.finding) == (INCLUSION, "thin, as a hair or ruler")
    assert found.size_px == pytest.approx(2 * 30, abs=8)
    assert not (found.region & LESION).any()


def test_a_crossing_pair_of_hairs_is_an_inclusion_too() -> None:
    hairs = np.zeros(SHAPE, dtype=bool)
    for step in range(60):
        hairs[20 + step : 22 + step, 100 - step] = True
        hairs[38 + step // 3, 60 + step : 62 + step] = True
    found = kinds(LESION | hairs, LESION)
    assert set(found) == {(INCLUSION, "thin, as a hair or ruler")}


def test_a_ragged_outline_is_no_hair() -> None:
    stripes = np.zeros(SHAPE, dtype=bool)
    stripes[:, ::5] = stripes[:, 1::5] = True
    assert kinds(LESION | (disc(29) & stripes), LESION) == []  # spurs of 4 px of 50, 2 px wide


def test_a_thin_strip_along_the_lesion_is_no_hair() -> None:
    strip = box(slice(23, 25), slice(51, 70))  # 2 px wide, nowhere 5 px away from the disc
    lobe = box(slice(35, 65), slice(60, 118))  # thick, and far out
    assert kinds(LESION | lobe | strip, LESION) == []


def test_things_apart_are_a_blob_or_a_ruler_by_their_shape() -> None:
    ruler = box(slice(95, 97), slice(10, 110))
    assert kinds(LESION | ruler, LESION) == [(INCLUSION, "thin, as a hair or ruler")]
    assert kinds(LESION | SATELLITE, LESION) == [(INCLUSION, "separate blob")]


def test_a_region_that_half_of_the_others_drew_is_neither_missing_nor_included() -> None:
    seen, unseen = LESION | SATELLITE, LESION
    masks = [seen, seen, unseen]  # for the first: one of two others; for the last: both
    rest = leave_one_out(masks, ["a", "b", "c"])
    found = [
        [one.type for one in find_errors(mask, others, outline_bias(mask, others.consensus, others=2, both_empty=1.0))]
        for mask, others in zip(masks, rest, strict=True)
    ]
    assert found == [[], [], [MISSING]]


def test_a_lesion_that_nobody_else_saw_is_an_inclusion() -> None:
    (found,) = errors(LESION, np.zeros(SHAPE, dtype=bool))
    assert (found.type, found.finding, found.measure) == (INCLUSION, "separate blob", 100)


def test_a_mask_that_is_all_hair_and_a_full_one_are_judged_too() -> None:
    hair = box(slice(49, 51), slice(10, 118))
    assert (INCLUSION, "thin, as a hair or ruler") in kinds(hair, LESION)
    assert kinds(np.ones(SHAPE, dtype=bool), LESION) == [(PLACEMENT, "too loose")]


def test_without_others_nothing_is_an_error() -> None:
    assert kinds(LESION, np.zeros(SHAPE, dtype=bool), others=0) == []
