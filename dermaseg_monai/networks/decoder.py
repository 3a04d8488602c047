"""Decoders: from context at the output stride to stride 4, and from there to the mask."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.convolution import conv_block, separable_block


def enlarge(x: Float[Tensor, "b c h w"], factor: int) -> Float[Tensor, "b c H W"]:
    """Return `x` on a grid `factor` times finer, bilinear between pixel centres."""
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False) if factor > 1 else x


class SkipFusion(nn.Module):
    """Bring coarse features to the grid of finer ones and blend both."""

    def __init__(self, coarse: int, fine: int, *, skip: int, out: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.skip = conv_block(fine, skip, kernel_size=1)
        self.blend = nn.Sequential(separable_block(coarse + skip, out), separable_block(out, out))

    def forward(self, coarse: Float[Tensor, "b c h w"], fine: Float[Tensor, "b f H W"]) -> Float[Tensor, "b o H W"]:
        return self.blend(torch.cat([enlarge(coarse, self.factor), self.skip(fine)], dim=1))


class RefinementDecoder(nn.Module):
    """Correct the region where low-level features, boundary and uncertainty say so; the mask comes at full size.

    The maps enter as probabilities. The correction is computed at stride 4, laid out at stride 2 (sub-pixel
    convolution, arXiv:1609.05158), added to the region logits (taken as 0 where there is no region head) and enlarged
    to stride 1.
    """

    def __init__(self, features: int, low_level: int, *, maps: int, width: int, prior: float) -> None:
        super().__init__()
        self.low_level = conv_block(low_level, width // 2, kernel_size=1)
        self.fuse = nn.Sequential(conv_block(features + width // 2 + maps, width), conv_block(width, width))
        self.correction = nn.Conv2d(width, 4, kernel_size=1)
        nn.init.normal_(self.correction.weight, std=0.01)
        nn.init.constant_(self.correction.bias, math.log(prior / (1 - prior)))  # pyright: ignore[reportArgumentType]

    def forward(
        self,
        features: Float[Tensor, "b c h w"],
        low_level: Float[Tensor, "b l h w"],
        region: Float[Tensor, "b 1 h w"] | None,
        others: list[Float[Tensor, "b 1 h w"]],
    ) -> Float[Tensor, "b 1 H W"]:
        maps = [logits.sigmoid() for logits in ([] if region is None else [region]) + others]
        fused = self.fuse(torch.cat([features, self.low_level(low_level), *maps], dim=1))
        stride2 = F.pixel_shuffle(self.correction(fused), 2)
        return enlarge(stride2 if region is None else stride2 + enlarge(region, 2), 2)
