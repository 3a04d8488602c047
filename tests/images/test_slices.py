"""A slice is upright, has the proportions of the body, and is the one that it says it is."""

import numpy as np
import pytest

from dermaseg_monai.images.slices import best_plane, grey_slice, slices_to_show

COARSE_Y = np.array([[-0.5, 0, 0, 10], [0, -3.0, 0, -20], [0, 0, 1.0, 5], [0, 0, 0, 1]])
"""x runs to the patient's left in steps of 0.5 mm, y to the back in 3 mm, z up in 1 mm: coronal slices are finest."""


def volume(*places: tuple[int, int, int], shape: tuple[int, int, int] = (8, 5, 6)) -> np.ndarray:
    found = np.zeros(shape, dtype=bool)
    for place in places:
        found[place] = True
    return found


def shown(affine: np.ndarray, one: np.ndarray):  # noqa: ANN201
    return slices_to_show(affine, lesion=one, masks=[one])[0]


def test_the_plane_lies_across_the_coarsest_axis_and_says_how_it_is_held() -> None:
    plane = best_plane(COARSE_Y)
    assert (plane.name, plane.axis, plane.right, plane.up) == ("coronal", 1, 0, 2)
    assert plane.words == "right: x axis, nearest patient left; up: z axis, nearest superior"


@pytest.mark.parametrize(
    ("affine", "said"),
    [
        (np.diag([1.0, 1, 3, 1]), "right: x axis, nearest patient left; up: y axis, nearest anterior"),
        (np.diag([3.0, 1, 1, 1]), "right: y axis, nearest posterior; up: z axis, nearest superior"),
        (np.diag([1.0, 1, 1, 1]), "right: x axis, nearest patient left; up: y axis, nearest anterior"),
        (COARSE_Y @ np.diag([2.0, 1 / 3, 1, 1]), "right: x axis, nearest patient left; up: y axis, nearest anterior"),
        (np.eye(4)[:, [2, 0, 1, 3]], "right: y axis, nearest patient left; up: z axis, nearest anterior"),
    ],
    ids=["axial", "sagittal", "cubes", "other cubes", "turned cubes"],
)
def test_every_plane_is_held_as_radiologists_do(affine: np.ndarray, said: str) -> None:
    assert best_plane(affine).words == said


@pytest.mark.parametrize("flip_x", [1, -1])
@pytest.mark.parametrize("flip_z", [1, -1])
def test_left_is_right_and_superior_is_up_whichever_way_the_axes_run(flip_x: int, flip_z: int) -> None:
    affine = COARSE_Y @ np.diag([flip_x, 1.0, flip_z, 1])
    # the voxel that lies furthest to the patient's left and furthest up
    place = (7 if flip_x == 1 else 0, 2, 5 if flip_z == 1 else 0)
    flat = shown(affine, volume(place)).voxels(volume(place))
    assert flat.shape == (6, 8)
    assert np.argwhere(flat).tolist() == [[0, 7]]


def test_a_transposed_file_gives_the_same_picture() -> None:
    lesion = volume((7, 2, 5), (6, 2, 5), (7, 2, 4))
    turned, affine = np.ascontiguousarray(lesion.transpose(2, 0, 1)), COARSE_Y[:, [2, 0, 1, 3]]
    one, other = shown(COARSE_Y, lesion), shown(affine, turned)
    assert np.array_equal(one.cut(lesion), other.cut(turned))
    assert "slice y = 2 of 0 to 4, 6.00 mm from the first" in one.words
    assert "slice z = 2 of 0 to 4, 6.00 mm from the first" in other.words


def test_shown_pixels_are_square_millimetres() -> None:
    everything = np.ones((8, 5, 6), dtype=bool)
    cut = shown(COARSE_Y, everything).cut(everything)
    assert cut.shape == (480, 320)  # 6 mm high, 4 mm wide
    half = np.zeros((8, 5, 6), dtype=bool)
    half[:4] = True
    assert shown(COARSE_Y, half).cut(half).mean() == pytest.approx(0.5)
    ramp = np.broadcast_to(np.arange(8.0)[:, None, None], (8, 5, 6)).copy()
    values = shown(COARSE_Y, half).cut(ramp)
    assert (values[:, 0] == 0).all()
    assert (values[:, -1] == 7).all()
    assert (np.diff(values, axis=1) >= 0).all()


def test_the_middle_slice_holds_lesion_and_the_worst_one_most_differing_voxels() -> None:
    label = volume((1, 0, 1), (1, 1, 1), (1, 3, 1))  # slices 0, 1 and 3 hold lesion
    pred = volume((1, 0, 1), (1, 1, 1), (1, 3, 1), (2, 3, 1), (3, 3, 1), (2, 4, 1))
    middle, worst = slices_to_show(COARSE_Y, lesion=label, masks=[label, pred])
    assert (middle.at, middle.title) == (1, "Middle slice of the lesion")
    assert (worst.at, worst.title, worst.differing) == (3, "Worst slice (2 of 3 differing voxels)", 2)


def test_one_slice_is_shown_where_middle_and_worst_are_the_same_or_nothing_differs() -> None:
    label, pred = volume((1, 2, 1)), volume((1, 2, 2))
    (one,) = slices_to_show(COARSE_Y, lesion=label, masks=[label, pred])
    assert one.title == "Middle and worst slice (2 of 2 differing voxels)"
    (same,) = slices_to_show(COARSE_Y, lesion=label, masks=[label, label])
    assert (same.at, same.title) == (2, "Middle slice of the lesion")
    nothing = volume()
    (empty,) = slices_to_show(COARSE_Y, lesion=nothing, masks=[nothing, nothing])
    assert (empty.at, empty.title) == (2, "Middle slice")


def test_a_slice_of_the_scan_is_grey_between_its_percentiles() -> None:
    scan = np.zeros((8, 5, 6), dtype=np.float32)
    scan[4:] = 900.0
    picture = grey_slice(shown(COARSE_Y, scan > 0), scan)
    assert picture.shape == (480, 320, 3)
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert picture[0, -1].tolist() == [255, 255, 255]
