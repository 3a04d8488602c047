import pytest
import torch
import torch.nn.functional as F
from monai.networks.nets import AttentionUnet as MonaiAttentionUnet
from monai.networks.nets.attentionunet import AttentionBlock
from torch import Tensor

from dermaseg_monai.networks.attention_unet import AttentionUNet


@pytest.fixture(scope="module")
def network() -> AttentionUNet:
    torch.manual_seed(0)
    return AttentionUNet((4, 6, 8)).eval()


def normalised(image: Tensor) -> Tensor:
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (image - mean.view(3, 1, 1)) / std.view(3, 1, 1)


def test_the_logits_are_those_of_monais_network_on_the_padded_normalised_photograph(network: AttentionUNet) -> None:
    monai = MonaiAttentionUnet(spatial_dims=2, in_channels=3, out_channels=1, channels=(4, 6, 8), strides=(2, 2)).eval()
    found = monai.load_state_dict(network.network.state_dict(), strict=False)
    assert not found.unexpected_keys
    assert all(key.endswith("conv.bias") for key in found.missing_keys)
    for key in found.missing_keys:
        torch.nn.init.zeros_(monai.get_parameter(key))
    image = torch.rand(2, 3, 33, 50)
    padded = F.pad(normalised(image), (0, 2, 0, 3), mode="reflect")
    with torch.no_grad():
        torch.testing.assert_close(network(image), monai(padded)[..., :33, :50])


def test_a_bias_that_a_normalisation_takes_off_is_left_out_and_changes_nothing() -> None:
    torch.manual_seed(0)
    monai = MonaiAttentionUnet(spatial_dims=2, in_channels=3, out_channels=1, channels=(4, 6, 8), strides=(2, 2))
    network = AttentionUNet((4, 6, 8))
    network.network.load_state_dict(monai.state_dict(), strict=False)
    biases = [key for key, _ in network.named_parameters() if key.endswith("conv.bias")]
    assert biases == ["network.model.2.conv.bias"]  # the logit's own
    image = torch.rand(2, 3, 32, 48)
    with torch.no_grad():  # in training batch norm uses the batch's own mean, which holds the bias
        torch.testing.assert_close(network.train()(image), monai.train()(normalised(image)), rtol=1e-4, atol=1e-5)


def test_each_level_weighs_its_features_between_zero_and_one(network: AttentionUNet) -> None:
    seen: list[tuple[Tensor, Tensor]] = []
    gates = [module for module in network.modules() if isinstance(module, AttentionBlock)]
    assert len(gates) == 2
    handles = [
        gate.register_forward_hook(lambda _m, _given, named, out: seen.append((named["x"], out)), with_kwargs=True)
        for gate in gates
    ]
    with torch.no_grad():
        network(torch.rand(1, 3, 32, 64))
    for handle in handles:
        handle.remove()
    for features, weighed in seen:
        weights = (weighed / features)[features > 0]
        assert weights.min() > 0
        assert weights.max() < 1
        assert weights.std() > 0


@pytest.mark.parametrize("widths", [(8,), (2,) * 7])
def test_too_few_and_too_many_levels_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"widths .* make {len(widths)} levels. Give two to six"):
        AttentionUNet(widths)
