import pytest
import torch
from monai.networks.nets import SwinUNETR
from torch import nn

from dermaseg_monai.networks import SwinUNetLite


def test_it_is_monais_network_with_group_norm() -> None:
    network = SwinUNetLite(feature_size=12)
    assert isinstance(network.net, SwinUNETR)
    assert not [name for name, module in network.named_modules() if isinstance(module, nn.InstanceNorm2d)]


@pytest.mark.parametrize("training", [True, False])
def test_the_smallest_image_is_taken_though_stride_32_leaves_one_place(training: bool) -> None:  # noqa: FBT001
    network = SwinUNetLite(feature_size=12).train(training)
    assert network(torch.rand(1, 3, 32, 32)).shape == (1, 1, 32, 32)


def test_a_feature_size_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="divisible by 12"):
        SwinUNetLite(feature_size=16)


def test_the_windows_shift() -> None:
    """A change reaches beyond the 7 x 7 places of its own window within one stage of two blocks."""
    torch.manual_seed(0)
    stage = SwinUNetLite(feature_size=12).net.swinViT.layers1[0].double()
    grid = torch.rand(1, 12, 14, 14, dtype=torch.float64)
    changed = grid.clone()
    changed[..., 6, 6] = torch.rand(12, dtype=torch.float64)  # not a shift of all channels, which layer norm takes away
    shifts = [block.shift_size for block in stage.blocks]  # pyright: ignore[reportGeneralTypeIssues, reportCallIssue]
    assert shifts == [(0, 0), (3, 3)]
    stage.downsample = nn.Identity()
    with torch.no_grad():
        reached = (stage(changed) - stage(grid)).abs().sum(1)[0] > 1e-12
    assert reached[9, 9]
    assert not reached[13, 13]
