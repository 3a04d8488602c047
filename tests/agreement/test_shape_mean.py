import numpy as np
import pytest

from dermaseg_monai.agreement.shape_mean import shape_average, signed_distance
from dermaseg_monai.agreement.tied_vote import TiedVoteError
from dermaseg_monai.metrics import counts, dice

EMPTY = np.zeros((81, 101), dtype=bool)


def disc(radius: float, row: int = 40, column: int = 50) -> np.ndarray:
    rows, columns = np.indices(EMPTY.shape)
    return np.hypot(rows - row, columns - column) < radius


def bar(start: int, stop: int) -> np.ndarray:
    mask = np.zeros((3, 20), dtype=bool)
    mask[:, start:stop] = True
    return mask


def test_distances_are_to_the_contour_between_two_pixels() -> None:
    mask = np.zeros((1, 6), dtype=bool)
    mask[0, 2:4] = True
    np.testing.assert_allclose(signed_distance(mask), [[-1.5, -0.5, 0.5, 0.5, -0.5, -1.5]])
    np.testing.assert_allclose(signed_distance(mask, spacing=(1.0, 2.0))[0, :2], [-3.0, -1.0])


def test_half_a_voxel_is_that_of_the_direction() -> None:
    slices = np.zeros((9, 9, 8), dtype=bool)
    slices[:, :, :4] = True
    np.testing.assert_allclose(
        signed_distance(slices, spacing=(1.0, 1.0, 3.0))[4, 4], [10.5, 7.5, 4.5, 1.5, -1.5, -4.5, -7.5, -10.5]
    )
    corner = np.zeros((9, 9), dtype=bool)
    corner[:4, :4] = True
    steps = (2.0, 2.0 + 1e-9)  # both ways of reckoning meet where the voxels are cubes
    np.testing.assert_allclose(signed_distance(corner, spacing=steps), signed_distance(corner, spacing=(2.0, 2.0)))


def test_thick_slices_are_averaged_by_their_true_distances() -> None:
    def up_to(z: int) -> np.ndarray:
        mask = np.zeros((40, 40, 12), dtype=bool)
        mask[:, :, :z] = True
        return mask

    found = shape_average([up_to(z) for z in (3, 3, 3, 3, 6)], tie="skin", spacing=(1.0, 1.0, 3.0))
    assert found[20, 20].sum() == 4


def test_two_concentric_discs_give_the_disc_of_mean_radius() -> None:
    found = shape_average([disc(12.5), disc(24.5)], tie="refuse")
    assert dice(counts(found, disc(18.5)), both_empty=1.0) > 0.99
    assert found[40].sum() == 37  # columns 32 to 68: a diameter of 2 * 18 + 1


def test_the_edge_lies_half_way_between_the_edges() -> None:
    np.testing.assert_array_equal(shape_average([bar(2, 10), bar(2, 14)], tie="skin"), bar(2, 12))
    # the contour runs through the middle of a pixel: half of it is lesion, and so it is
    np.testing.assert_array_equal(shape_average([bar(2, 10), bar(2, 11)], tie="skin"), bar(2, 11))


def test_one_mask_is_its_own_average_and_so_are_three_equal_ones() -> None:
    for masks in ([disc(9)], [disc(9)] * 3):
        np.testing.assert_array_equal(shape_average(masks, tie="refuse"), disc(9))


def test_lesions_far_apart_have_no_common_shape() -> None:
    assert not shape_average([disc(5, 20, 20), disc(5, 60, 80)], tie="lesion").any()


def test_empty_masks_vote_on_whether_there_is_a_lesion_and_bend_no_contour() -> None:
    np.testing.assert_array_equal(
        shape_average([disc(8), EMPTY, disc(14)], tie="refuse"), shape_average([disc(8), disc(14)], tie="refuse")
    )
    assert not shape_average([EMPTY, disc(8), EMPTY], tie="refuse").any()
    assert not shape_average([EMPTY, EMPTY], tie="refuse").any()


def test_one_empty_mask_of_two_is_a_tie() -> None:
    np.testing.assert_array_equal(shape_average([disc(8), EMPTY], tie="lesion"), disc(8))
    assert not shape_average([disc(8), EMPTY], tie="skin").any()
    with pytest.raises(TiedVoteError):
        shape_average([disc(8), EMPTY], tie="refuse")


def test_the_contour_of_a_full_mask_is_the_frame() -> None:
    full = ~EMPTY
    assert signed_distance(full)[0, 0] == 0.5
    assert signed_distance(full)[40, 50] == 40.5
    assert shape_average([full, full], tie="refuse").all()
    with pytest.raises(ValueError, match="no contour"):
        signed_distance(EMPTY)


def test_what_lies_far_from_all_outlines_changes_nothing() -> None:
    masks = [disc(12.5), disc(24.5, 44, 55)]
    wide = [np.pad(mask, 30) for mask in masks]
    np.testing.assert_array_equal(shape_average(wide, tie="skin"), np.pad(shape_average(masks, tie="skin"), 30))
