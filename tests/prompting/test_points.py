import numpy as np
import pytest

from dermaseg_monai.prompting.component import largest_component
from dermaseg_monai.prompting.points import inner_points
from tests.prompting.conftest import drawn


def test_the_first_point_is_farthest_from_the_edge_and_x_is_the_column() -> None:
    mask = drawn(["........", ".#####..", ".#####..", ".#####..", "........"])
    # row 2 is 2 px from the edge in the columns 2, 3 and 4; the left one is taken
    assert inner_points(mask, 1) == [(2.0, 2.0)]
    assert inner_points(np.ascontiguousarray(mask.T), 1) == [(2.0, 2.0)]
    assert inner_points(np.pad(mask, ((3, 0), (1, 0))), 1) == [(3.0, 5.0)]


def test_further_points_keep_away_from_those_before() -> None:
    bar = drawn(["#" * 9] * 3)
    # the middle row is 2 px from the edge: (1, 1) comes first, then the leftmost pixel 2 px or more from it
    first, second, third = inner_points(bar, 3)
    assert first == (1.0, 1.0)
    assert second == (3.0, 1.0)
    assert third == (5.0, 1.0)


def test_points_lie_inside_the_lesion_whatever_its_form() -> None:
    ring = drawn([".#####.", ".#...#.", ".#...#.", ".#####."])
    points = inner_points(ring, 30)
    assert len(points) == len(set(points)) == ring.sum()
    assert all(ring[int(y), int(x)] for x, y in points)


def test_an_empty_mask_has_no_point() -> None:
    assert inner_points(np.zeros((4, 5), dtype=bool), 2) == []


def test_the_edge_of_the_image_counts_as_an_edge() -> None:
    assert inner_points(np.ones((3, 5), dtype=bool), 1) == [(1.0, 1.0)]


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="count must be at least 1; got 0"):
        inner_points(np.ones((2, 2), dtype=bool), 0)


def test_the_largest_part_is_kept_and_corners_touch() -> None:
    mask = drawn(["##...", "#...#", "...#.", "..#..", "....."])
    assert largest_component(mask).tolist() == drawn(["##...", "#....", ".....", ".....", "....."]).tolist()
    longer = drawn(["##...", "#...#", "...#.", "..#..", "..#.."])
    assert largest_component(longer).sum() == 4
    assert not largest_component(np.zeros((2, 2), dtype=bool)).any()
