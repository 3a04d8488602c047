"""The encoders that an architecture can stand on, by name."""

from pathlib import Path
from typing import Literal, get_args

from dermaseg_monai.errors import ConfigError, choose_one
from dermaseg_monai.networks.efficientnet_lite import SCALES, EfficientNetLite, published_names
from dermaseg_monai.networks.mobilenet_v2 import MobileNetV2
from dermaseg_monai.networks.resnet import DilatedResNet
from dermaseg_monai.networks.staged_encoder import StagedEncoder
from dermaseg_monai.networks.weights import load_encoder_weights

EncoderName = Literal[
    "resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2", "efficientnet_lite0", "efficientnet_lite2"
]
ENCODER_NAMES: tuple[EncoderName, ...] = get_args(EncoderName)
OUTPUT_STRIDES = (8, 16)


def build_encoder(name: str, *, output_stride: int) -> StagedEncoder:
    """Return an untrained encoder.

    Raises:
        ConfigError: the name or the output stride is unknown.
    """
    if name not in ENCODER_NAMES:
        raise ConfigError(f"encoder {name!r} is unknown. {choose_one(name, ENCODER_NAMES)}")
    if output_stride not in OUTPUT_STRIDES:
        raise ConfigError(f"output_stride {output_stride!r} is not possible. Choose 8 (finer, slower) or 16.")
    if name == "mobilenet_v2":
        return MobileNetV2(output_stride=output_stride)
    if name in SCALES:
        return EfficientNetLite(name, output_stride=output_stride)
    return DilatedResNet(name, output_stride=output_stride)


def load_encoder(encoder: StagedEncoder, source: str | Path, *, name: str) -> None:
    """Fill an encoder from a file or from named weights (see `load_encoder_weights`). Raises: WeightsError."""
    rename = published_names if isinstance(encoder, EfficientNetLite) else dict
    load_encoder_weights(encoder, source, name=name, rename=rename)
