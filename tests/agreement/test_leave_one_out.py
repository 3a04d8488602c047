import numpy as np
import pytest

from dermaseg_monai.agreement.leave_one_out import leave_one_out, signed_depth
from tests.agreement.readers import box, disc


def test_one_other_reader_is_the_consensus_and_ones_own_repeat_is_not() -> None:
    first, again, other = disc(20), disc(22), disc(30)
    found = leave_one_out([first, again, other], ["a", "a", "b"])
    assert [one.count for one in found] == [1, 1, 1]
    assert (found[0].consensus == other).all()
    assert (found[1].consensus == other).all()
    assert (found[2].consensus == first).all()


def test_another_person_who_drew_twice_has_one_vote() -> None:
    found = leave_one_out([disc(5), disc(30), disc(30), disc(20)], ["me", "a", "a", "b"])[0]
    assert found.count == 2
    assert (found.contested == (disc(30) & ~disc(20))).all()


def test_more_than_half_of_three_others_decide() -> None:
    masks = [disc(5), box(slice(10, 30), slice(10, 30)), box(slice(10, 30), slice(20, 40)), disc(1, (80, 80))]
    found = leave_one_out(masks, ["me", "a", "b", "c"])[0]
    assert found.count == 3
    assert not found.contested.any()
    assert (found.consensus == box(slice(10, 30), slice(20, 30))).all()


def test_between_two_others_the_outline_runs_half_way() -> None:
    found = leave_one_out([disc(5), disc(20), disc(30)], ["me", "a", "b"])[0]
    radius = np.sqrt(np.count_nonzero(found.consensus) / np.pi)
    assert (found.contested == (disc(30) & ~disc(20))).all()
    assert radius == pytest.approx(25, abs=0.5)


def test_a_satellite_of_one_of_two_others_is_not_in_the_consensus() -> None:
    found = leave_one_out([disc(5), disc(20), disc(20) | disc(4, (10, 100))], ["me", "a", "b"])[0]
    assert (found.consensus == disc(20)).all()
    assert (found.contested == disc(4, (10, 100))).all()


def test_without_others_and_without_lesion_the_consensus_is_empty() -> None:
    assert not leave_one_out([disc(5)], ["a"])[0].consensus.any()
    assert leave_one_out([disc(5)], ["a"])[0].count == 0
    empty = np.zeros_like(disc(5))
    assert not leave_one_out([disc(5), disc(20), empty], ["me", "a", "b"])[0].consensus.any()
    assert not leave_one_out([disc(5), empty, empty], ["me", "a", "b"])[0].consensus.any()


def test_depth_is_half_a_pixel_on_either_side_of_the_border() -> None:
    mask = np.zeros((1, 6), dtype=bool)
    mask[0, 2:5] = True
    mask = np.repeat(mask, 9, axis=0)
    # the middle row: the picture's edge counts as outside for the contour, rows 0 and 8 are far enough away
    assert signed_depth(mask)[4].tolist() == [-1.5, -0.5, 0.5, 1.5, 0.5, -0.5]
