import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.networks.encoder import ENCODER_NAMES, build_encoder
from dermaseg_monai.networks.mobilenet_v2 import MobileNetV2
from dermaseg_monai.networks.resnet import DilatedResNet
from dermaseg_monai.networks.staged_encoder import StagedEncoder
from dermaseg_monai.networks.weights import load_encoder_weights

BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
EXPANSION = {"resnet18": 1, "resnet34": 1, "resnet50": 4, "resnet101": 4}
# torchvision's documentation: number of parameters of the whole classifier
N_PARAMETERS = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "mobilenet_v2": 3_504_872,
}
TORCHVISIONS = tuple(N_PARAMETERS)
MOBILENET_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
SMALL = ("resnet18", "resnet50", "mobilenet_v2")


def make(name: str, output_stride: int) -> StagedEncoder:
    if name == "mobilenet_v2":
        return MobileNetV2(output_stride=output_stride).eval()
    return DilatedResNet(name, output_stride=output_stride).eval()


@pytest.fixture
def image() -> Tensor:
    return torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", TORCHVISIONS)
def test_the_encoder_has_torchvisions_parameters_and_no_other(name: str) -> None:
    with torch.device("meta"):
        encoder = make(name, 16)
    classifier = {"resnet18": 513, "resnet34": 513, "resnet50": 2049, "resnet101": 2049, "mobilenet_v2": 1281}[name]
    found = sum(parameter.numel() for parameter in encoder.parameters())
    assert found + classifier * 1000 == N_PARAMETERS[name]


@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("name", SMALL)
def test_outputs_are_those_of_torchvision_with_the_same_weights(
    name: str, output_stride: int, image: Tensor, tmp_path: Path
) -> None:
    state = torchvision_state_dict(name)
    torch.save(state, tmp_path / "weights.pth")
    encoder = make(name, output_stride)
    load_encoder_weights(encoder, tmp_path / "weights.pth", name=name)
    with torch.no_grad():
        found = encoder(image)
        expected = torchvision_features(name, state, image, output_stride=output_stride)
    assert found[2].shape == (1, encoder.channels[2], 64 // output_stride, 96 // output_stride)
    for ours, theirs in zip(found, expected, strict=True):
        assert theirs.std() > 0.01, "the comparison would be of nothing"
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_every_tensor_of_the_file_arrives(name: str, tmp_path: Path) -> None:
    state = torchvision_state_dict(name)
    save_file(state, tmp_path / "weights.safetensors")
    encoder = make(name, 16)
    load_encoder_weights(encoder, tmp_path / "weights.safetensors", name=name)
    loaded = encoder.state_dict()
    assert set(state) - set(loaded) == {key for key in state if key.startswith(("fc.", "classifier."))}
    assert all(torch.equal(loaded[key], state[key]) for key in loaded)


def test_channels_tell_the_features(image: Tensor) -> None:
    for name in ENCODER_NAMES:
        encoder = build_encoder(name, output_stride=16).eval()
        with torch.no_grad():
            assert tuple(feature.shape[1] for feature in encoder(image)) == encoder.channels


def test_unknown_encoders_and_strides_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"'vgg16' is unknown.*resnet18.*mobilenet_v2"):
        build_encoder("vgg16", output_stride=16)
    with pytest.raises(ConfigError, match=r"output_stride 32 is not possible\. Choose 8"):
        build_encoder("resnet18", output_stride=32)


@pytest.mark.data
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_real_mobilenet_weights_give_the_reference_features(output_stride: int, image: Tensor) -> None:
    path = os.environ.get("DERMASEG_MOBILENET_WEIGHTS", "")
    if not Path(path).is_file():
        pytest.skip("DERMASEG_MOBILENET_WEIGHTS names no file of torchvision's MobileNetV2 weights")
    encoder = make("mobilenet_v2", output_stride)
    load_encoder_weights(encoder, path, name="mobilenet_v2")
    state = torch.load(path, weights_only=True)
    with torch.no_grad():
        found = encoder(image)
        expected = torchvision_features("mobilenet_v2", state, image, output_stride=output_stride)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


# torchvision's classifiers written a second time, as functions of a state dict


def torchvision_state_dict(name: str, seed: int = 0) -> dict[str, Tensor]:
    """Random values, tame enough that 50 layers neither vanish nor explode, under torchvision's keys."""
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for key, shape in _shapes(name).items():
        if key.endswith("num_batches_tracked"):
            made[key] = torch.tensor(7)
        elif key.endswith("running_var"):
            made[key] = torch.rand(shape, generator=generator) + 0.5
        elif len(shape) == 1:
            made[key] = torch.rand(shape, generator=generator) * 0.2 + (0.4 if key.endswith("weight") else 0.0)
        else:
            fan_in = shape[1:].numel()
            made[key] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
    return made


def torchvision_features(
    name: str, state: dict[str, Tensor], x: Tensor, *, output_stride: int = 32
) -> tuple[Tensor, ...]:
    """Features at strides 4, 8 and `output_stride`, strides beyond it replaced with dilation as torchvision does."""
    compute = _mobilenet if name == "mobilenet_v2" else _resnet
    return compute(name, state, x, output_stride)


def _shapes(name: str) -> dict[str, torch.Size]:
    return _mobilenet_shapes() if name == "mobilenet_v2" else _resnet_shapes(name)


def _norm_shapes(key: str, channels: int) -> dict[str, torch.Size]:
    tensors = ("weight", "bias", "running_mean", "running_var")
    return {f"{key}.{tensor}": torch.Size([channels]) for tensor in tensors} | {
        f"{key}.num_batches_tracked": torch.Size([])
    }


def _resnet_shapes(name: str) -> dict[str, torch.Size]:
    shapes = {"conv1.weight": torch.Size([64, 3, 7, 7])} | _norm_shapes("bn1", 64)
    channels, expansion = 64, EXPANSION[name]
    for layer, (width, blocks) in enumerate(zip((64, 128, 256, 512), BLOCKS[name], strict=True), start=1):
        for block in range(blocks):
            key, out = f"layer{layer}.{block}", width * expansion
            kernels = ((width, channels, 1), (width, width, 3), (out, width, 1))
            if expansion == 1:
                kernels = ((width, channels, 3), (width, width, 3))
            for index, (o, i, k) in enumerate(kernels, start=1):
                shapes[f"{key}.conv{index}.weight"] = torch.Size([o, i, k, k])
                shapes |= _norm_shapes(f"{key}.bn{index}", o)
            if block == 0 and channels != out:
                shapes[f"{key}.downsample.0.weight"] = torch.Size([out, channels, 1, 1])
                shapes |= _norm_shapes(f"{key}.downsample.1", out)
            channels = out
    return shapes | {"fc.weight": torch.Size([1000, channels]), "fc.bias": torch.Size([1000])}


def _mobilenet_shapes() -> dict[str, torch.Size]:
    shapes = {"features.0.0.weight": torch.Size([32, 3, 3, 3])} | _norm_shapes("features.0.1", 32)
    channels, index = 32, 1
    for expansion, out, repeats, _ in MOBILENET_STAGES:
        for _ in range(repeats):
            wide, key, part = channels * expansion, f"features.{index}.conv", 0
            if expansion > 1:
                shapes[f"{key}.0.0.weight"] = torch.Size([wide, channels, 1, 1])
                shapes |= _norm_shapes(f"{key}.0.1", wide)
                part = 1
            shapes[f"{key}.{part}.0.weight"] = torch.Size([wide, 1, 3, 3])
            shapes |= _norm_shapes(f"{key}.{part}.1", wide)
            shapes[f"{key}.{part + 1}.weight"] = torch.Size([out, wide, 1, 1])
            shapes |= _norm_shapes(f"{key}.{part + 2}", out)
            channels, index = out, index + 1
    shapes["features.18.0.weight"] = torch.Size([1280, 320, 1, 1])
    shapes |= _norm_shapes("features.18.1", 1280)
    return shapes | {"classifier.1.weight": torch.Size([1000, 1280]), "classifier.1.bias": torch.Size([1000])}


def _norm(state: dict[str, Tensor], key: str, x: Tensor) -> Tensor:
    mean, variance = state[f"{key}.running_mean"], state[f"{key}.running_var"]
    return F.batch_norm(x, mean, variance, state[f"{key}.weight"], state[f"{key}.bias"], eps=1e-5)


def _conv(state: dict[str, Tensor], key: str, x: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    weight = state[f"{key}.weight"]
    groups = x.shape[1] // weight.shape[1]
    padding = dilation * (weight.shape[-1] // 2)
    return F.conv2d(x, weight, stride=stride, padding=padding, dilation=dilation, groups=groups)


def _resnet(name: str, state: dict[str, Tensor], x: Tensor, output_stride: int) -> tuple[Tensor, ...]:
    x = _norm(state, "bn1", _conv(state, "conv1", x, stride=2)).relu()
    x = F.max_pool2d(x, 3, stride=2, padding=1)
    reached, dilation, stages = 4, 1, []
    for layer, blocks in enumerate(BLOCKS[name], start=1):
        stride, before = (1 if layer == 1 else 2), dilation
        if reached * stride > output_stride:
            stride, dilation = 1, dilation * stride
        reached *= stride
        for block in range(blocks):
            first = block == 0
            steps = (stride if first else 1, before if first else dilation, dilation)
            x = _resnet_block(state, f"layer{layer}.{block}", x, *steps)
        stages.append(x)
    return stages[0], stages[1], stages[3]


def _resnet_block(  # noqa: PLR0917
    state: dict[str, Tensor], key: str, x: Tensor, stride: int, first: int, second: int
) -> Tensor:
    skip = x
    if f"{key}.downsample.0.weight" in state:
        skip = _norm(state, f"{key}.downsample.1", _conv(state, f"{key}.downsample.0", x, stride=stride))
    if f"{key}.conv3.weight" in state:
        x = _norm(state, f"{key}.bn1", _conv(state, f"{key}.conv1", x)).relu()
        x = _norm(state, f"{key}.bn2", _conv(state, f"{key}.conv2", x, stride=stride, dilation=first)).relu()
        x = _norm(state, f"{key}.bn3", _conv(state, f"{key}.conv3", x))
    else:
        x = _norm(state, f"{key}.bn1", _conv(state, f"{key}.conv1", x, stride=stride, dilation=first)).relu()
        x = _norm(state, f"{key}.bn2", _conv(state, f"{key}.conv2", x, dilation=second))
    return (x + skip).relu()


def _mobilenet(_: str, state: dict[str, Tensor], x: Tensor, output_stride: int) -> tuple[Tensor, ...]:
    x = F.relu6(_norm(state, "features.0.1", _conv(state, "features.0.0", x, stride=2)))
    reached, dilation, index, taps = 2, 1, 1, {}
    for expansion, _out, repeats, first_stride in MOBILENET_STAGES:
        for block in range(repeats):
            stride, used = (first_stride if block == 0 else 1), dilation
            if reached * stride > output_stride:
                stride, dilation = 1, dilation * stride
            reached *= stride
            key, inside, part = f"features.{index}.conv", x, 0
            if expansion > 1:
                inside = F.relu6(_norm(state, f"{key}.0.1", _conv(state, f"{key}.0.0", inside)))
                part = 1
            inside = _conv(state, f"{key}.{part}.0", inside, stride=stride, dilation=used)
            inside = F.relu6(_norm(state, f"{key}.{part}.1", inside))
            inside = _norm(state, f"{key}.{part + 2}", _conv(state, f"{key}.{part + 1}", inside))
            x = x + inside if inside.shape == x.shape else inside
            taps[index] = x
            index += 1
    return taps[3], taps[6], F.relu6(_norm(state, "features.18.1", _conv(state, "features.18.0", x)))
