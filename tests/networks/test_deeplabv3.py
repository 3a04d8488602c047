from itertools import product
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dermaseg_monai.engines.optimizer import build_optimizer
from dermaseg_monai.errors import ConfigError, WeightsError
from dermaseg_monai.networks import DeepLabV3, DeepLabV3Plus
from dermaseg_monai.networks.pyramid import ASPP

NETWORKS = (DeepLabV3, DeepLabV3Plus)
Network = type[DeepLabV3] | type[DeepLabV3Plus]


def some_image(height: int, width: int, *, batch: int = 1) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


def dilations(network: nn.Module) -> list[int]:
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    return [int(conv.dilation[0]) for conv in convolutions if conv.dilation[0] > 4]


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize(("output_stride", "rates"), [(8, [12, 24, 36]), (16, [6, 12, 18])])
def test_the_rates_are_the_papers(make: Network, output_stride: int, rates: list[int]) -> None:
    with torch.device("meta"):
        assert dilations(make("resnet18", output_stride=output_stride)) == rates
        assert dilations(make("resnet18", output_stride=output_stride, rates=(5, 6, 7)))[0] == 80 // output_stride


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize(("encoder", "output_stride"), list(product(["resnet18", "mobilenet_v2"], [8, 16])))
def test_every_output_has_the_grid_of_the_image(make: Network, encoder: str, output_stride: int) -> None:
    network = make(encoder, output_stride=output_stride, auxiliary_head=True).eval()
    image = some_image(33, 50)
    with torch.no_grad():
        pred, maps = network(image), network.heads(image)
    assert pred.shape == (1, 1, 33, 50)
    torch.testing.assert_close(maps["pred"], pred)
    assert maps["aux"].shape == (1, 1, 33, 50)
    assert all(logits.isfinite().all() for logits in maps.values())


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("encoder", ["resnet18", "mobilenet_v2"])
def test_training_gives_the_auxiliary_map_and_reaches_every_parameter(make: Network, encoder: str) -> None:
    torch.manual_seed(0)
    network = make(encoder, auxiliary_head=True).train()
    output = network(some_image(64, 80, batch=2))
    assert set(output) == {"pred", "aux"}
    assert all(logits.shape == (2, 1, 64, 80) for logits in output.values())
    torch.stack([logits.square().mean() for logits in output.values()]).sum().backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


@pytest.mark.parametrize("make", NETWORKS)
def test_without_an_auxiliary_head_training_gives_a_tensor(make: Network) -> None:
    network = make("mobilenet_v2").train()
    assert isinstance(network(some_image(32, 32, batch=2)), Tensor)
    assert set(network.heads(some_image(32, 32, batch=2))) == {"pred"}


def test_the_auxiliary_head_does_not_see_the_last_stage() -> None:
    for encoder in ("resnet18", "mobilenet_v2"):
        network = DeepLabV3(encoder, auxiliary_head=True).train()
        network(some_image(32, 32, batch=2))["aux"].sum().backward()
        without = [name for name, p in network.encoder.named_parameters() if p.grad is None]
        last = ("layer4",) if encoder == "resnet18" else tuple(f"features.{index}." for index in range(14, 19))
        assert without == [name for name, _ in network.encoder.named_parameters() if name.startswith(last)]


@pytest.mark.parametrize("make", NETWORKS)
def test_a_batch_of_one_is_refused_in_training_alone(make: Network) -> None:
    network = make("mobilenet_v2")
    with pytest.raises(ConfigError, match=r"batch of 1 image in training.*Set --batch_size 2 or more, and drop_last"):
        network.train()(some_image(32, 32))
    assert network.eval()(some_image(32, 32)).shape == (1, 1, 32, 32)


@pytest.mark.parametrize("make", NETWORKS)
def test_a_new_network_starts_at_the_share_of_lesion_pixels(make: Network) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        output = make("resnet18", auxiliary_head=True).train()(some_image(64, 64, batch=2))
    means = {name: logits.sigmoid().mean().item() for name, logits in output.items()}
    assert means == pytest.approx({"pred": 0.25, "aux": 0.25}, abs=0.05)


@pytest.mark.parametrize("make", NETWORKS)
def test_encoder_weights_reach_the_encoder_alone(make: Network, tmp_path: Path) -> None:
    source = make("mobilenet_v2")
    torch.save(source.encoder.state_dict(), tmp_path / "encoder.pth")
    other = make("mobilenet_v2", str(tmp_path / "encoder.pth"))
    assert all(torch.equal(a, b) for a, b in zip(other.encoder.parameters(), source.encoder.parameters(), strict=True))
    with pytest.raises(WeightsError, match="does not fit the encoder resnet18"):
        make("resnet18", str(tmp_path / "encoder.pth"))


@pytest.mark.parametrize("make", NETWORKS)
def test_the_encoder_can_learn_at_its_own_rate(make: Network) -> None:
    optimizer = build_optimizer(make("mobilenet_v2"), "adamw", 0.01, 0.0, encoder_lr_factor=0.1)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == pytest.approx([0.001, 0.01])


def test_the_decoder_takes_48_channels_of_stride_4() -> None:
    network = DeepLabV3Plus("resnet18").eval()
    seen: list[tuple[int, ...]] = []
    network.decoder.skip.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape)))
    with torch.no_grad():
        network(some_image(64, 96))
    assert seen == [(1, 48, 16, 24)]


def test_only_plus_filters_within_channels() -> None:
    with torch.device("meta"):
        plain, plus = DeepLabV3("resnet18").classifier[0], DeepLabV3Plus("resnet18").aspp
    for pyramid, groups in ((plain, [1, 1, 1]), (plus, [512, 512, 512])):
        convolutions = [module for module in pyramid.modules() if isinstance(module, nn.Conv2d)]
        assert [conv.groups for conv in convolutions if conv.kernel_size == (3, 3)] == groups


def test_the_image_branch_is_the_mean_of_all_places() -> None:
    torch.manual_seed(0)
    aspp = ASPP(4, 2, rates=(1,)).eval()
    features = torch.rand(1, 4, 3, 5)
    whole = aspp.convs[-1]
    assert isinstance(whole, nn.Sequential)
    pooled = F.relu(whole[1](features.mean((2, 3), keepdim=True)) / (1 + 1e-5) ** 0.5)
    torch.testing.assert_close(whole(features), pooled)


def test_a_separable_pyramid_is_lighter() -> None:
    def count(*, separable: bool) -> int:
        return sum(p.numel() for p in ASPP(512, 256, rates=(6, 12, 18), separable=separable).parameters())

    atrous = 3 * 512 * 256 * 9
    separable_atrous = 3 * (512 * 9 + 2 * 512 + 512 * 256)  # depthwise, its batch norm, pointwise
    assert count(separable=False) - count(separable=True) == atrous - separable_atrous
