import numpy as np
import pytest

from dermaseg_monai.agreement.case_readers import ERROR_COLUMNS, compare_readers, region_of
from tests.agreement.readers import SHAPE, box, disc

SATELLITE = box(slice(5, 10), slice(100, 108))
NAMES = ["a", "b", "c"]


def test_places_are_those_of_the_whole_picture_and_lead_back_to_the_pixels() -> None:
    masks = [disc(25), disc(25) | SATELLITE, disc(25) | SATELLITE]
    found = compare_readers("x", NAMES, masks, both_empty=1.0)
    (error,) = found.errors
    assert (error["case_id"], error["annotator"], error["outline"], error["others"]) == ("x", "a", 0, 2)
    assert SATELLITE[error["row_px"], error["column_px"]]
    assert set(error) - {"outline"} == set(ERROR_COLUMNS) - {"path"}
    consensus, region = region_of(error, NAMES, masks, 0)
    assert (region == SATELLITE).all()
    assert (consensus == masks[1]).all()
    with pytest.raises(ValueError, match="The outline of b has no missing region"):
        region_of(error, NAMES, masks, 1)


def test_the_region_of_a_scope_is_what_the_outline_has_too_many() -> None:
    masks = [disc(30), disc(25), disc(25)]
    error = {"type": "inconsistent scope", "finding": "loose", "measure": 6.0, "row_px": None, "column_px": None}
    _, region = region_of(error, NAMES, masks, 0)
    assert (region == (disc(30) & ~disc(25))).all()


def test_one_reader_no_reader_and_no_lesion() -> None:
    alone = compare_readers("x", ["a"], [disc(25)], both_empty=1.0)
    assert (alone.errors, alone.votes, alone.bias[0]["others"]) == ([], None, 0)
    assert compare_readers("x", [], [], both_empty=1.0).bias == []
    empty = compare_readers("x", ["a", "b"], [np.zeros(SHAPE, dtype=bool)] * 2, both_empty=1.0)
    assert (empty.errors, empty.votes, empty.bias[0]["dice_consensus"]) == ([], None, 1.0)


def test_a_person_who_drew_twice_has_one_vote_and_no_vote_alone() -> None:
    twice = compare_readers("x", ["a", "a", "b"], [disc(30), disc(30), disc(20)], both_empty=1.0)
    assert twice.votes is not None
    assert twice.votes.annotators == ("a", "b")
    assert [row["others"] for row in twice.bias] == [1, 1, 1]
    assert compare_readers("x", ["a", "a"], [disc(30), disc(20)], both_empty=1.0).votes is None


def test_a_lesion_at_the_corner_is_cropped_without_a_frame() -> None:
    corner = box(slice(0, 30), slice(0, 30))
    found = compare_readers("x", NAMES, [corner, corner, corner | box(slice(97, 100), slice(10, 110))], both_empty=1.0)
    (error,) = found.errors
    assert error["finding"] == "thin, as a hair or ruler"
    assert 97 <= error["row_px"] < 100


def test_a_volume_has_bias_and_no_errors() -> None:
    ball, larger = (np.zeros((30, 30, 30), dtype=bool) for _ in range(2))
    ball[10:20, 10:20, 10:20] = larger[8:22, 8:22, 8:22] = True
    found = compare_readers("x", ["a", "b"], [larger, ball], both_empty=1.0)
    assert found.bias[0]["offset_px"] > 1.5
    assert found.errors == []
    assert found.votes is not None
