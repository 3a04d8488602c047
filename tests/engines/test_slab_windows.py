"""Windows slab by slab give the logits of MONAI's sliding window over the whole volume."""

from pathlib import Path

import numpy as np
import pytest
import torch
from monai.inferers.inferer import SimpleInferer, SlidingWindowInferer
from torch import nn

from dermaseg_monai.engines import SlabWindows
from dermaseg_monai.images.slab_store import SlabStore


@pytest.fixture
def network() -> nn.Module:
    """Two convolutions that see no symmetry."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv3d(1, 3, 5, padding=2), nn.Tanh(), nn.Conv3d(3, 1, 3, padding=1)).eval()


def stored(values: np.ndarray, path: Path, axis: int) -> SlabStore:
    x, y, z = values.shape
    store = SlabStore(path, (x, y, z), axis)
    store.append(values)
    return store


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("shape", [(19, 16, 23), (8, 21, 8), (5, 30, 3), (3, 5, 7)])
def test_the_logits_are_monais(
    tmp_path: Path, network: nn.Module, shape: tuple[int, int, int], overlap: float, axis: int
) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    windows = SlabWindows(SimpleInferer(), image_size=8, sw_batch_size=3, overlap=overlap)
    image = stored(values, tmp_path / "image", axis)
    parts = list(windows(image, lambda piece: 2 * piece, network, torch.device("cpu")))
    whole = SlidingWindowInferer((8, 8, 8), sw_batch_size=3, overlap=overlap, mode="gaussian")
    with torch.no_grad():
        expected = whole(2 * torch.from_numpy(values)[None, None], network)
    assert isinstance(expected, torch.Tensor)
    assert max(part.shape[axis] for part in parts) <= 4
    np.testing.assert_allclose(
        np.concatenate(parts, axis=axis), expected[0, 0].numpy(), atol=1e-5
    )  # sums of up to 125 windows in another order
