"""Encoders that MONAI's FlexibleUNet lacks, entered in its register."""

from itertools import pairwise
from typing import Any

from jaxtyping import Float
from monai.networks.blocks import BaseEncoder
from monai.networks.nets.flexible_unet import FLEXUNET_BACKBONE
from torch import Tensor, nn

from dermaseg_monai.networks.mobilenet_v2 import MobileNetV2
from dermaseg_monai.networks.resnet import DilatedResNet

CHANNELS = {"resnet34_imagenet": (64, 64, 128, 256, 512), "mobilenet_v2": (16, 24, 32, 96, 1280)}


class FlexibleEncoder(nn.Module, BaseEncoder):
    """Features of normalised RGB at strides 2, 4, 8, 16 and 32; `body` is the encoder under torchvision's names.

    `mobilenet_v2`, and `resnet34_imagenet`: what FlexibleUNet calls resnet34 starts its stages with shortcuts that have
    no parameters, so that ImageNet weights do not fit; this one has torchvision's 1x1 convolutions there.

    Raises:
        ValueError: something else than 2D RGB with random weights is asked for.
    """

    def __init__(self, *, model_name: str, pretrained: bool, spatial_dims: int, in_channels: int) -> None:
        super().__init__()
        if pretrained or spatial_dims != 2 or in_channels != 3:  # noqa: PLR2004
            raise ValueError(f"{model_name} is an encoder for 2D RGB that loads no weights itself.")
        mobile = model_name == "mobilenet_v2"
        self.body = MobileNetV2(output_stride=32) if mobile else DilatedResNet("resnet34", output_stride=32)

    def forward(self, photograph: Float[Tensor, "b 3 H W"]) -> list[Tensor]:
        features, x = [], photograph
        for stage in _stages(self.body):
            x = stage(x)
            features.append(x)
        return features

    @classmethod
    def get_encoder_names(cls) -> list[str]:
        """Return the names in MONAI's register."""
        return list(CHANNELS)

    @classmethod
    def num_outputs(cls) -> list[int]:
        """Return the number of feature maps of each encoder."""
        return [len(channels) for channels in CHANNELS.values()]

    @classmethod
    def num_channels_per_output(cls) -> list[tuple[int, ...]]:
        """Return the channels of the feature maps of each encoder, finest first."""
        return list(CHANNELS.values())

    @classmethod
    def get_encoder_parameters(cls) -> list[dict[str, Any]]:
        """Return what MONAI builds each encoder with."""
        return [
            {"model_name": name, "pretrained": False, "spatial_dims": 2, "in_channels": 3}
            for name in cls.get_encoder_names()
        ]


def _stages(body: MobileNetV2 | DilatedResNet) -> list[nn.Module]:
    if isinstance(body, MobileNetV2):
        bounds = (0, 2, 4, 7, 14, len(body.features))  # where strides 2, 4, 8, 16 and 32 begin and end
        return [body.features[first:last] for first, last in pairwise(bounds)]
    stride2 = nn.Sequential(body.conv1, body.bn1, body.act)
    return [stride2, nn.Sequential(body.maxpool, body.layer1), body.layer2, body.layer3, body.layer4]


FLEXUNET_BACKBONE.register_class(FlexibleEncoder)
