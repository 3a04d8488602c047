from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dermaseg_monai.networks.segnet import SegNet, unpool

NARROW = (4, 6, 8, 8, 8)


@pytest.fixture(scope="module")
def network() -> SegNet:
    torch.manual_seed(0)
    return SegNet(NARROW).eval()


def test_a_value_returns_to_where_its_maximum_lay() -> None:
    x = torch.tensor([[[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 9.0, 1.0], [7.0, 0.0, 0.0, 1.0], [0.0, 6.0, 2.0, 8.0]]]])
    pooled, places = F.max_pool2d(x, 2, return_indices=True)
    assert pooled.tolist() == [[[[5, 9], [7, 8]]]]
    assert places.tolist() == [[[[1, 6], [8, 15]]]]  # row * 4 + column
    expected = [[[[0, 5, 0, 0], [0, 0, 9, 0], [7, 0, 0, 0], [0, 0, 0, 8]]]]
    assert unpool(pooled, places).tolist() == expected
    assert unpool(pooled * 10, places).tolist() == (10 * torch.tensor(expected)).tolist()


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_unpooling_equals_torchs_own_with_its_gradient(memory: torch.memory_format) -> None:
    x = torch.randn(2, 5, 6, 8, generator=torch.Generator().manual_seed(0)).to(memory_format=memory)
    pooled, places = F.max_pool2d(x, 2, return_indices=True)
    grads = []
    for way in (unpool, nn.MaxUnpool2d(2)):
        leaf = pooled.clone().requires_grad_()
        fine = way(leaf, places)
        torch.testing.assert_close(fine, nn.MaxUnpool2d(2)(pooled, places))
        assert fine.is_contiguous(memory_format=memory) or memory == torch.contiguous_format
        (fine * x).sum().backward()
        grads.append(leaf.grad)
    torch.testing.assert_close(grads[0], grads[1])


def test_each_stage_up_gets_zeros_but_at_the_maxima_of_its_stage_down(network: SegNet) -> None:
    down: list[Any] = []
    up: list[Any] = []
    handles = [stage.register_forward_hook(lambda _m, _given, out: down.append(out)) for stage in network.down]
    handles += [
        stage.register_forward_pre_hook(lambda _m, given: up.append(given[0])) for stage in [*network.up, network.last]
    ]
    with torch.no_grad():
        network(torch.rand(1, 3, 64, 32))
    for handle in handles:
        handle.remove()
    assert [tuple(x.shape[-2:]) for x in up] == [(4, 2), (8, 4), (16, 8), (32, 16), (64, 32)]
    for features, unpooled in zip(down[::-1], up, strict=True):
        largest = F.interpolate(F.max_pool2d(features, 2), scale_factor=2.0)
        assert ((unpooled == 0) | (features == largest)).all()
        assert unpooled.any()


def test_the_convolutions_are_vgg16s_and_their_mirror_image() -> None:
    with torch.device("meta"):
        widths = [
            (layer.in_channels, layer.out_channels) for layer in SegNet().modules() if isinstance(layer, nn.Conv2d)
        ]
    vgg = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 512)]
    vgg += [(512, 512)] * 5
    assert widths[:13] == vgg
    assert widths[13:] == [(out, channels) for channels, out in vgg[:0:-1]] + [(64, 1)]


def test_the_parameters_are_as_many_as_counted_by_hand(network: SegNet) -> None:
    down = 3 * 4 + 4 * 4 + 4 * 6 + 6 * 6 + 6 * 8 + 8 * 8 * 2 + 8 * 8 * 6
    up = down - 3 * 4 + 4 * 1  # the same ways back, but one logit instead of three colours
    norms_down = (4 + 4) + (6 + 6) + (8 + 8 + 8) * 3
    norms_up = (8 + 8 + 8) * 2 + (8 + 8 + 6) + (6 + 4) + 4  # the last convolution, the head, has none
    assert sum(p.numel() for p in network.parameters()) == 9 * (down + up) + 1 + 2 * (norms_down + norms_up)


def test_widths_of_another_count_are_refused() -> None:
    with pytest.raises(ValueError, match=r"widths \[4, 8\] are 2. Give 5, finest first"):
        SegNet((4, 8))
