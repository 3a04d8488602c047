"""Grids read block by block are the grids that MONAI's transforms make of the whole volume."""

import numpy as np
import pytest
import torch
from monai.data.meta_tensor import MetaTensor
from monai.transforms import Orientation, Spacing

from dermaseg_monai.data import block_resampling as module
from dermaseg_monai.data.block_resampling import resampled, slabs, source_box, voxels
from dermaseg_monai.data.working_grid import working_grid
from dermaseg_monai.images.volume_file import Box

SPACING_MM = [0.2, 0.2, 0.2]


def placed(seed: int, *, sheared: bool) -> tuple[np.ndarray, np.ndarray]:
    """A volume of noise with any orientation, order of axes, spacing and, if asked, shear."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(rng.uniform(0.05, 0.4, 3))
    if sheared:
        affine[:3, :3] @= np.eye(3) + np.triu(rng.uniform(-0.3, 0.3, (3, 3)), 1)
    affine[:3, 3] = rng.normal(size=3) * 20
    return rng.normal(size=rng.integers(3, 24, 3)).astype(np.float32), affine


@pytest.mark.parametrize("sheared", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_the_working_grid_and_its_values_are_monais(
    monkeypatch: pytest.MonkeyPatch, seed: int, *, sheared: bool
) -> None:
    values, affine = placed(seed, sheared=sheared)
    x, y, z = values.shape
    monkeypatch.setattr(module, "BLOCK_VOXELS", 4 * x * y)  # many slabs
    upright = Orientation("RAS", labels=None)(MetaTensor(values[None], affine=torch.from_numpy(affine)))
    expected = Spacing(SPACING_MM, mode="bilinear", padding_mode="border")(upright)
    assert isinstance(expected, MetaTensor)
    grid = working_grid((x, y, z), affine, SPACING_MM)
    assert grid.shape == expected.shape[1:]
    np.testing.assert_allclose(grid.affine, expected.affine.numpy(), atol=1e-9)
    to_file = np.linalg.inv(affine) @ grid.affine
    boxes = list(slabs(grid.shape, grid.slow_axis, (x, y, z), to_file))
    parts = [resampled(lambda box: values[box], (x, y, z), to_file, box) for box in boxes]
    np.testing.assert_allclose(np.concatenate(parts, axis=grid.slow_axis), expected[0].numpy(), atol=2e-6)


def test_a_slab_asks_for_the_slices_around_it_and_no_others() -> None:
    to_file = np.diag([1.0, 1.0, 2.0, 1.0])  # the file is twice as fine along z
    asked: list[Box] = []

    def read(box: Box) -> np.ndarray:
        asked.append(box)
        return np.zeros([part.stop - part.start for part in box], dtype=np.float32)

    resampled(read, (8, 8, 40), to_file, (slice(0, 8), slice(0, 8), slice(5, 7)))
    assert asked == [(slice(0, 8), slice(0, 8), slice(9, 14))]  # 10 and 12, with one beside


def test_slabs_cover_the_grid_once_and_keep_to_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK_VOXELS", 700)
    to_file = np.diag([1.0, 1.0, 0.5, 1.0])
    boxes = list(slabs((8, 8, 40), 2, (8, 8, 20), to_file))
    assert [box[2].start for box in boxes] == [0, *(box[2].stop for box in boxes[:-1])]
    assert boxes[-1][2].stop == 40
    assert 1 < len(boxes) < 40
    assert all(max(voxels(box), voxels(source_box((8, 8, 20), to_file, box))) <= 700 for box in boxes)


def test_a_place_beyond_the_source_reads_its_last_voxel() -> None:
    values = np.arange(4, dtype=np.float32).reshape(1, 1, 4)
    far = np.eye(4)
    far[2, 3] = 50
    box = (slice(0, 1), slice(0, 1), slice(0, 2))
    assert resampled(lambda part: values[part], (1, 1, 4), far, box).tolist() == [[[3, 3]]]
    far[2, 3] = -50
    assert resampled(lambda part: values[part], (1, 1, 4), far, box).tolist() == [[[0, 0]]]
