"""Atrous spatial pyramid pooling as DeepLabV3 has it, under torchvision's parameter names."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.networks.convolution import conv_block, separable_block

RATES = (6, 12, 18)  # of the paper, at output stride 16; doubled at 8


class ASPP(nn.Module):
    """See each place at several scales and as part of the whole image, and blend what was seen.

    Branches: 1x1, one dilated 3x3 per rate (`separable`: within channels, then across), and the image mean;
    concatenated, projected, half of the values dropped in training. The image branch has one pixel per image and, as in
    torchvision, batch norm, so training needs two images or more per batch; the sheets leave out a smaller last batch
    (`drop_last`). Of few images its statistics are rough, which `DynamicASPP` avoids with group norm.

    Raises:
        ConfigError: a batch of one image in training.

    Source: arXiv:1706.05587, separable as in arXiv:1802.02611.
    """

    def __init__(self, channels: int, out: int, *, rates: Sequence[int], separable: bool = False) -> None:
        super().__init__()
        atrous = separable_block if separable else conv_block
        self.convs = nn.ModuleList([conv_block(channels, out, kernel_size=1)])
        self.convs.extend(atrous(channels, out, dilation=rate) for rate in rates)
        self.convs.append(nn.Sequential(nn.AdaptiveAvgPool2d(1), *conv_block(channels, out, kernel_size=1)))
        self.project = nn.Sequential(*conv_block(len(self.convs) * out, out, kernel_size=1), nn.Dropout(0.5))

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o h w"]:
        if self.training and features.shape[0] == 1:
            raise ConfigError(
                "DeepLab was given a batch of 1 image in training; the batch norm of its image branch needs 2 or more. "
                "Set --batch_size 2 or more, and drop_last so that no smaller batch is left at the end."
            )
        *local, whole = [branch(features) for branch in self.convs]
        return self.project(torch.cat([*local, whole.expand_as(local[0])], dim=1))
