import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from monai.networks.nets import EfficientNetBN, EfficientNetBNFeatures, FlexibleUNet
from monai.networks.nets.efficientnet import url_map
from torch import Tensor, nn

from dermaseg_monai.engines.optimizer import build_optimizer
from dermaseg_monai.errors import ConfigError, WeightsError
from dermaseg_monai.networks.encoder import build_encoder
from dermaseg_monai.networks.encoder_unet import BACKBONES, EncoderUNet
from dermaseg_monai.networks.flexible_encoder import FlexibleEncoder
from dermaseg_monai.networks.weights import NAMED_WEIGHTS


@pytest.fixture(scope="module")
def small() -> EncoderUNet:
    torch.manual_seed(0)
    return EncoderUNet("mobilenet_v2").eval()


def encoder_of(network: EncoderUNet) -> nn.Module:
    own = network.encoder
    return own.body if isinstance(own, FlexibleEncoder) else own


def published_efficientnet() -> dict[str, Tensor]:
    """Weights of MONAI's classifier under the names of the published file, by the pattern with which MONAI reads it."""
    state = EfficientNetBN("efficientnet-b0", pretrained=False, num_classes=1000).state_dict()
    return {re.sub(r"(.+)\.\d+(\.\d+\..+)", r"\1\2", key): torch.rand_like(x.float()) for key, x in state.items()}


@pytest.mark.parametrize("encoder", BACKBONES)
def test_features_halve_five_times_and_their_channels_are_those_the_decoder_expects(encoder: str) -> None:
    channels = {
        "resnet34": [64, 64, 128, 256, 512],
        "resnet50": [64, 256, 512, 1024, 2048],
        "efficientnet_b0": [16, 24, 40, 112, 320],
        "mobilenet_v2": [16, 24, 32, 96, 1280],
    }[encoder]
    with torch.device("meta"):
        features = EncoderUNet(encoder).encoder(torch.rand(2, 3, 64, 32))
    assert [tuple(x.shape[1:]) for x in features] == [
        (count, 64 >> level, 32 >> level) for level, count in enumerate(channels, start=1)
    ]


def test_the_logits_are_those_of_monais_network_on_the_padded_normalised_photograph() -> None:
    torch.manual_seed(0)
    network = EncoderUNet("efficientnet_b0").eval()
    monai = FlexibleUNet(in_channels=3, out_channels=1, backbone="efficientnet-b0", pretrained=False).eval()
    found = monai.load_state_dict(network.state_dict(), strict=False)
    assert not found.unexpected_keys
    assert all(key.startswith(("encoder._conv_head.", "encoder._bn1.", "encoder._fc.")) for key in found.missing_keys)
    image = torch.rand(1, 3, 40, 50)
    padded = F.pad(network.photograph(image)[..., :40, :50], (0, 14, 0, 24), mode="reflect")
    with torch.no_grad():
        torch.testing.assert_close(network(image), monai(padded)[..., :40, :50])


@pytest.mark.parametrize("encoder", ["resnet34", "resnet50", "mobilenet_v2"])
def test_the_encoder_has_torchvisions_tensors_and_no_other(encoder: str) -> None:
    with torch.device("meta"):
        found = encoder_of(EncoderUNet(encoder)).state_dict()
        published = build_encoder(encoder, output_stride=16).state_dict()  # which has torchvision's names and shapes
    assert {key: x.shape for key, x in found.items()} == {key: x.shape for key, x in published.items()}


@pytest.mark.parametrize("encoder", ["resnet34", "mobilenet_v2"])
def test_published_weights_give_the_features_of_the_encoder_alone(encoder: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    alone = build_encoder(encoder, output_stride=8)  # dilated, so equal as far as stride 8
    torch.save(
        alone.state_dict() | {"fc.weight": torch.ones(3), "classifier.1.bias": torch.ones(3)}, tmp_path / "x.pth"
    )
    network = EncoderUNet(encoder, str(tmp_path / "x.pth")).eval()
    state = encoder_of(network).state_dict()
    assert all(torch.equal(state[key], tensor) for key, tensor in alone.state_dict().items())
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        found = network.encoder(image)
        stride4, stride8, _ = alone.eval()(image)
    torch.testing.assert_close(found[1], stride4)
    torch.testing.assert_close(found[2], stride8)


def test_the_published_efficientnet_gives_the_features_that_monai_reads_from_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    published = published_efficientnet()
    torch.save(published, tmp_path / "efficientnet-b0.pth")
    network = EncoderUNet("efficientnet_b0", str(tmp_path / "efficientnet-b0.pth")).eval()
    monai = EfficientNetBNFeatures("efficientnet-b0", pretrained=False).eval()
    monai.load_state_dict({key: published[re.sub(r"(.+)\.\d+(\.\d+\..+)", r"\1\2", key)] for key in monai.state_dict()})
    for key, tensor in encoder_of(network).state_dict().items():
        torch.testing.assert_close(tensor, monai.state_dict()[key], msg=key)
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for found, expected in zip(network.encoder(image), monai(image), strict=True):
            torch.testing.assert_close(found, expected)


def test_monais_own_names_of_efficientnet_are_taken_too(tmp_path: Path) -> None:
    state = EfficientNetBNFeatures("efficientnet-b0", pretrained=False).state_dict()
    torch.save({key: torch.full_like(tensor, 2) for key, tensor in state.items()}, tmp_path / "monai.pth")
    network = EncoderUNet("efficientnet_b0", str(tmp_path / "monai.pth"))
    assert all((tensor == 2).all() for tensor in encoder_of(network).state_dict().values())


def test_the_classifier_of_efficientnet_is_not_kept() -> None:
    with torch.device("meta"):
        names = [name for name, _ in encoder_of(EncoderUNet("efficientnet_b0")).named_parameters()]
    assert names[0] == "_conv_stem.weight"
    assert names[-1] == "_blocks.6.15._bn2.bias"


def test_weights_of_another_encoder_are_refused(tmp_path: Path) -> None:
    torch.save({"features.0.0.weight": torch.ones(32, 3, 3, 3)}, tmp_path / "torchvision.pth")
    with pytest.raises(WeightsError, match=r"does not fit the encoder efficientnet_b0: .*features\.0\.0\.weight"):
        EncoderUNet("efficientnet_b0", str(tmp_path / "torchvision.pth"))


def test_an_unknown_encoder_is_named_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"encoder .resnet18. is unknown here. Did you mean resnet\d+\? Choose one of resnet34, "
    ):
        EncoderUNet("resnet18")


def test_an_encoder_of_ours_loads_nothing_and_takes_2d_rgb_alone() -> None:
    with pytest.raises(ValueError, match="mobilenet_v2 is an encoder for 2D RGB that loads no weights itself"):
        FlexibleUNet(in_channels=3, out_channels=1, backbone="mobilenet_v2", pretrained=True)
    with pytest.raises(ValueError, match="encoder for 2D RGB"):
        FlexibleUNet(in_channels=1, out_channels=1, backbone="mobilenet_v2")


def test_the_named_efficientnet_is_the_one_that_monai_downloads() -> None:
    facts = NAMED_WEIGHTS["efficientnet_b0_imagenet1k"]
    assert facts.url == url_map["efficientnet-b0"]
    assert facts.sha256_prefix == "355c32eb"
    assert "Apache" in facts.licence


def test_the_skips_reach_the_mask(small: EncoderUNet) -> None:
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        features = small.encoder(image)
        plain = small.decoder(features, 4)
        for index in range(len(features)):
            without = [torch.zeros_like(x) if i == index else x for i, x in enumerate(features)]
            assert not torch.equal(small.decoder(without, 4), plain)


@pytest.mark.parametrize("encoder", BACKBONES)
def test_the_encoder_may_learn_at_its_own_rate(encoder: str) -> None:
    with torch.device("meta"):
        network = EncoderUNet(encoder)
        optimizer = build_optimizer(network, "adamw", 0.001, 0.0, encoder_lr_factor=0.1)
    slow = {id(p) for group in optimizer.param_groups if group["lr"] < 0.001 for p in group["params"]}
    assert slow == {id(p) for p in encoder_of(network).parameters()}
