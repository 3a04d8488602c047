from typing import Any

import pytest
import torch
import torch.nn.functional as F
from monai.networks.nets import BasicUNetPlusPlus
from torch import Tensor

from dermaseg_monai.networks.unet_plus_plus import UNetPlusPlus

NARROW = (4, 6, 8, 8, 8)


@pytest.fixture(scope="module")
def network() -> UNetPlusPlus:
    torch.manual_seed(0)
    return UNetPlusPlus(NARROW).eval()


def test_the_logits_are_the_deepest_mask_of_monais_network_on_the_padded_normalised_photograph(
    network: UNetPlusPlus,
) -> None:
    monai = BasicUNetPlusPlus(
        spatial_dims=2,
        in_channels=3,
        out_channels=1,
        features=(*NARROW, 4),
        deep_supervision=True,
        act="relu",
        norm="batch",
        bias=False,
    ).eval()
    found = monai.load_state_dict(network.network.state_dict(), strict=False)
    assert not found.unexpected_keys
    assert {key.rpartition(".")[0] for key in found.missing_keys} == {f"final_conv_0_{depth}" for depth in (1, 2, 3)}
    image = torch.rand(2, 3, 33, 50)
    padded = F.pad(network.photograph(image)[..., :33, :50], (0, 14, 0, 15), mode="reflect")
    with torch.no_grad():
        torch.testing.assert_close(network(image), monai(padded)[-1][..., :33, :50])


def test_what_the_mask_does_not_need_is_not_kept(network: UNetPlusPlus) -> None:
    names = [name for name, _ in network.named_parameters()]
    assert [name for name in names if "final_conv" in name] == [
        "network.final_conv_0_4.weight",
        "network.final_conv_0_4.bias",
    ]


def nothing(_module: object, _given: object, out: Any) -> Tensor:  # noqa: ANN401 (torch says no more)
    return torch.zeros_like(out)


def test_every_node_of_the_nest_adds_to_the_mask(network: UNetPlusPlus) -> None:
    image = torch.rand(1, 3, 32, 32)
    nodes = [name for name, _ in network.network.named_children() if name.startswith(("conv_", "upcat_"))]
    assert len(nodes) == 15  # five on the way down, 4 + 3 + 2 + 1 beside them
    with torch.no_grad():
        plain = network(image)
        for name in nodes:
            node = network.network.get_submodule(name)
            handle = node.register_forward_hook(nothing)
            assert not torch.equal(network(image), plain), name
            handle.remove()


def test_widths_of_another_count_are_refused() -> None:
    with pytest.raises(ValueError, match=r"widths \[4, 8\] are 2. Give 5, finest first"):
        UNetPlusPlus((4, 8))
