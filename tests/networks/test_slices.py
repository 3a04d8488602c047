"""A network for pictures goes through a volume: what it sees, and where its answers go."""

import pytest
import torch
from torch import Tensor, nn

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.images import PLANES, beside, cut
from dermaseg_monai.networks import SliceNetwork, UNet


class Channel(nn.Module):
    """Answers with one channel of its picture, and remembers what it was given."""

    def __init__(self, channel: int) -> None:
        super().__init__()
        self.channel = channel
        self.seen: list[Tensor] = []

    def forward(self, picture: Tensor) -> Tensor:
        self.seen.append(picture)
        return picture[:, self.channel : self.channel + 1]


def phantom() -> Tensor:
    """Random values: every flip, swap or shift changes it. All sides are 40 px, so that nothing is resampled."""
    return torch.rand(2, 1, 40, 40, 40, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("neighbours", [0, 1, 2])
def test_a_network_that_answers_with_its_slice_gives_the_volume_back(plane: str, neighbours: int) -> None:
    network = SliceNetwork(Channel(1), image_size=40, plane=plane, neighbours=neighbours)
    assert torch.allclose(network(phantom()), phantom(), atol=1e-6)


@pytest.mark.parametrize(("plane", "axis"), PLANES.items())
@pytest.mark.parametrize(("channel", "step"), [(0, -1), (2, 1)])
def test_the_outer_channels_are_the_slices_before_and_after(plane: str, axis: int, channel: int, step: int) -> None:
    found = SliceNetwork(Channel(channel), image_size=40, plane=plane, neighbours=1)(phantom())
    kept = [min(39, max(0, at + step)) for at in range(40)]  # the border is repeated
    assert torch.allclose(found, phantom().index_select(axis + 2, torch.tensor(kept)), atol=1e-6)


def test_the_network_sees_the_picture_that_a_file_of_the_slice_would_be() -> None:
    volume, inner = torch.rand(1, 1, 20, 7, 30), Channel(0)
    SliceNetwork(inner, image_size=64, plane="coronal", neighbours=1, at_once=3)(volume)
    assert [len(one) for one in inner.seen] == [3, 3, 1]
    slices = cut(volume[0, 0], "coronal")
    files = torch.stack([slices[list(beside(at, 7, 1))] for at in range(7)])
    stretched = nn.functional.interpolate(files, [64, 64], mode="bilinear", antialias=True)  # as data.Fitd does
    assert torch.equal(torch.cat(inner.seen), stretched)


def test_slices_of_any_size_come_back_on_their_own_voxels() -> None:
    network = SliceNetwork(UNet([8, 16]), image_size=32, plane="sagittal", neighbours=0).eval()
    volume = torch.rand(1, 1, 5, 21, 50)
    assert network(volume).shape == volume.shape
    # a smooth bright blob stays where it is, although it goes to a square and back
    place = torch.stack(torch.meshgrid(*[torch.arange(n).float() for n in (5, 21, 50)], indexing="ij"))
    blob = torch.exp(-(((place - torch.tensor([2.0, 6.0, 33.0])[:, None, None, None]) / 4) ** 2).sum(0))[None, None]
    back = SliceNetwork(Channel(0), image_size=64, plane="sagittal", neighbours=0)(blob)
    assert (back - blob).abs().max() < 0.05  # a little blurred
    middle, was = (((place * one[0, 0]).sum((1, 2, 3)) / one.sum()) for one in (back, blob))
    assert torch.allclose(middle, was, atol=0.02)  # in voxels


def test_an_unknown_plane_is_refused_before_a_volume_is_read() -> None:
    with pytest.raises(ConfigError, match="'oblique' is no plane"):
        SliceNetwork(Channel(0), image_size=32, plane="oblique", neighbours=0)
