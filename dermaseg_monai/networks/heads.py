"""Heads: one logit per pixel."""

import math

from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.convolution import conv_block


class MapHead(nn.Module):
    """One logit map from decoder features; `prior` is the share of pixels expected to be positive.

    The bias starts at log(prior / (1 - prior)), so that a rare class does not flood the first steps.
    Source of the prior: arXiv:1708.02002, section 4.1.
    """

    def __init__(self, channels: int, *, prior: float) -> None:
        super().__init__()
        self.features = conv_block(channels, channels // 2)
        self.logit = nn.Conv2d(channels // 2, 1, kernel_size=1)
        nn.init.normal_(self.logit.weight, std=0.01)
        nn.init.constant_(self.logit.bias, math.log(prior / (1 - prior)))  # pyright: ignore[reportArgumentType]

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"]:
        return self.logit(self.features(features))
