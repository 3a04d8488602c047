"""Heads: one logit per pixel."""

import math

from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.convolution import conv_block

LESION_PRIOR = 0.25  # share of a photograph that a lesion covers


def logit_layer(channels: int, *, prior: float, classes: int = 1) -> nn.Conv2d:
    """Return the 1x1 convolution to logits; `prior` is the share of pixels expected to be positive, in (0, 1).

    The bias starts at log(prior / (1 - prior)), so that a rare class does not flood the first steps.
    Source of the prior: arXiv:1708.02002, section 4.1.
    """
    layer = nn.Conv2d(channels, classes, kernel_size=1)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.constant_(layer.bias, math.log(prior / (1 - prior)))  # pyright: ignore[reportArgumentType]
    return layer


def auxiliary_classifier(channels: int, *, classes: int = 1) -> nn.Sequential:
    """Return a small head on the features before the last stage, which in training shortens the way to the encoder.

    Parameter names of torchvision's FCNHead. Source: arXiv:1612.01105, section 3.2.
    """
    width = channels // 4
    return nn.Sequential(
        *conv_block(channels, width), nn.Dropout(0.1), logit_layer(width, prior=LESION_PRIOR, classes=classes)
    )


class MapHead(nn.Module):
    """One logit map from decoder features; `prior` is the share of pixels expected to be positive."""

    def __init__(self, channels: int, *, prior: float) -> None:
        super().__init__()
        self.features = conv_block(channels, channels // 2)
        self.logit = logit_layer(channels // 2, prior=prior)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"]:
        return self.logit(self.features(features))
