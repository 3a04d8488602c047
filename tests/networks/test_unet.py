from collections import Counter

import pytest
import torch
from torch import nn

from dermaseg_monai.networks.unet import UNet


@pytest.fixture(scope="module")
def network() -> UNet:
    torch.manual_seed(0)
    return UNet((4, 6, 8)).eval()


def test_the_layers_are_the_23_convolutions_of_the_paper() -> None:
    with torch.device("meta"):
        layers = Counter(
            (type(layer), *layer.kernel_size)
            for layer in UNet().modules()
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        )
    assert layers == {(nn.Conv2d, 3, 3): 18, (nn.ConvTranspose2d, 2, 2): 4, (nn.Conv2d, 1, 1): 1}


def test_the_parameters_are_as_many_as_counted_by_hand() -> None:
    down = 3 * 64 + 64 * 64 + 64 * 128 + 128 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 512 * 512
    bottom = 512 * 1024 + 1024 * 1024
    # on the way up the first convolution takes the features of both ways
    up = 1024 * 512 + 512 * 512 + 512 * 256 + 256 * 256 + 256 * 128 + 128 * 128 + 128 * 64 + 64 * 64
    norms = 2 * (64 + 128 + 256 + 512) + 2 * 1024 + 2 * (512 + 256 + 128 + 64)  # channels after each 3x3 convolution
    transposed = 4 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 64) + (512 + 256 + 128 + 64)
    with torch.device("meta"):
        found = sum(parameter.numel() for parameter in UNet().parameters())
    assert found == 9 * (down + bottom + up) + 2 * norms + transposed + (64 + 1) == 31_037_633


def test_a_pixel_of_the_finest_features_goes_straight_across(network: UNet) -> None:
    # without the way through the depths only the two convolutions before and after the skip are left: 4 px each way
    image = torch.rand(1, 3, 32, 32)
    other = image.clone()
    other[..., 16, 16] += 0.5
    through, enlarge = [], network.enlarge[-1]
    handle = enlarge.register_forward_hook(lambda _module, _given, out: through.append(out) or torch.zeros_like(out))
    with torch.no_grad():
        changed = (network(image) != network(other))[0, 0]
    handle.remove()
    assert len(through) == 2
    rows, columns = changed.nonzero().unbind(1)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (12, 20, 12, 20)


def test_pooling_keeps_the_largest_and_batch_norm_follows_each_3x3_convolution(network: UNet) -> None:
    kinds = [type(layer).__name__ for layer in network.down[0].modules() if not list(layer.children())]
    assert kinds == ["Conv2d", "BatchNorm2d", "ReLU"] * 2
    image = torch.rand(1, 3, 32, 32)
    seen = []
    handle = network.down[0].register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    with torch.no_grad():
        network(image)
        fine = network.stem(network.photograph(image))
    handle.remove()
    torch.testing.assert_close(seen[0][0, :, 3, 5], fine[0, :, 6:8, 10:12].amax((-2, -1)))


@pytest.mark.parametrize(("widths", "multiple"), [((4, 6), 2), ((4, 6, 8), 4), ((2, 2, 2, 2, 2, 2), 32)])
def test_widths_set_the_levels(widths: tuple[int, ...], multiple: int) -> None:
    network = UNet(widths).eval()
    assert network.photograph.multiple == multiple
    with torch.no_grad():
        assert network(torch.rand(1, 3, 33, 47)).shape == (1, 1, 33, 47)


@pytest.mark.parametrize("widths", [(8,), (2,) * 7])
def test_too_few_and_too_many_levels_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"widths .* make {len(widths)} levels. Give two to six"):
        UNet(widths)
