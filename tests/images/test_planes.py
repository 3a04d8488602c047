"""Slices of a volume whose voxels know where they are."""

import nibabel as nib
import numpy as np
import pytest
import torch

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.images import (
    PLANES,
    UPRIGHT,
    beside,
    best_resolved_plane,
    cut,
    join,
    require_cut,
    upright_spacing,
)

SHAPE = (2, 3, 4)
# every voxel is called by its x, y, z
NAMED = np.array([100 * x + 10 * y + z for x in range(2) for y in range(3) for z in range(4)]).reshape(SHAPE)


@pytest.mark.parametrize(
    ("plane", "shape", "corner", "below_it", "right_of_it", "next_slice"),
    [
        ("sagittal", (2, 4, 3), 0, 1, 10, 100),
        ("coronal", (3, 4, 2), 0, 1, 100, 10),
        ("axial", (4, 3, 2), 0, 10, 100, 1),
    ],
)
def test_a_slice_stands_upright(  # noqa: PLR0917 (one row of the table)
    plane: str, shape: tuple[int, ...], corner: int, below_it: int, right_of_it: int, next_slice: int
) -> None:
    slices = cut(NAMED, plane)
    assert slices.shape == shape
    found = slices[0, 0, 0], slices[0, 1, 0], slices[0, 0, 1], slices[1, 0, 0]
    assert found == (corner, below_it, right_of_it, next_slice)


@pytest.mark.parametrize("plane", PLANES)
def test_what_was_cut_is_joined_as_it_was_in_numpy_and_in_torch(plane: str) -> None:
    assert np.array_equal(join(cut(NAMED, plane), plane), NAMED)
    volumes = torch.from_numpy(NAMED)[None, None].repeat(2, 1, 1, 1, 1)
    assert torch.equal(join(cut(volumes, plane), plane), volumes)
    assert np.array_equal(cut(volumes, plane)[1, 0].numpy(), cut(NAMED, plane))


@pytest.mark.parametrize(
    ("at", "neighbours", "channels"),
    [(2, 0, (2, 2, 2)), (2, 1, (1, 2, 3)), (0, 1, (0, 0, 1)), (4, 1, (3, 4, 4)), (1, 3, (0, 1, 4))],
)
def test_neighbours_are_those_before_and_after_and_the_border_is_repeated(
    at: int, neighbours: int, channels: tuple[int, int, int]
) -> None:
    assert beside(at, 5, neighbours) == channels


def test_the_orientation_is_left_backwards_down() -> None:
    assert nib.aff2axcodes(np.diag([-1.0, -1.0, -1.0, 1.0])) == tuple(UPRIGHT)


def test_steps_follow_the_axes_of_the_patient_whatever_the_order_of_the_file() -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, -0.1], [0.3, 0, 0], [0, 0.2, 0]])  # the file counts y, z, x; x backwards
    assert upright_spacing(affine) == pytest.approx((0.1, 0.3, 0.2))
    assert best_resolved_plane([affine, np.diag([9.0, 1.0, 1.0, 1.0]), affine]) == "coronal"
    assert best_resolved_plane([np.eye(4)]) == "axial"


def test_what_no_volume_can_be_cut_by_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"'saggital' is no plane\. Did you mean sagittal\? Choose one of sagittal, c"
    ):
        require_cut("saggital", 0)
    with pytest.raises(ConfigError, match="neighbours is -1; 0 repeats a slice"):
        require_cut("axial", -1)
