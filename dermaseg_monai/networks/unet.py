"""The U-Net of the HAM10000 paper, with batch norm and padding."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.convolution import conv_block
from dermaseg_monai.networks.framed import Framed
from dermaseg_monai.networks.photograph import IMAGENET_MEAN, IMAGENET_STD

WIDTHS = (64, 128, 256, 512, 1024)


class UNet(Framed):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    Per level two 3x3 convolutions with batch norm and ReLU; 2x2 max pooling down, a transposed 2x2 convolution that
    halves the channels up, its result beside the features of the way down; at the end one logit per pixel.

    Args:
        widths: channels per level, finest first.
        mean: subtracted from the channels of the photograph; 0 leaves them in [0, 1].
        std: then divides them.

    Raises:
        ValueError: less than two levels, more than six (sides would have to divide by 64), or an image too small.

    Source: arXiv:1505.04597; changed: convolutions are padded, so that the mask has the grid of the photograph, each is
    followed by batch norm, no dropout, one sigmoid channel.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        *,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        super().__init__(multiple=2 ** (len(_checked(widths)) - 1), mean=mean, std=std)
        self.stem = double_conv(3, widths[0])
        self.down = nn.ModuleList(double_conv(fine, coarse) for fine, coarse in pairwise(widths))
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(coarse, fine, kernel_size=2, stride=2) for coarse, fine in pairwise(widths[::-1])
        )
        self.up = nn.ModuleList(double_conv(2 * fine, fine) for fine in widths[-2::-1])
        self.head = nn.Conv2d(widths[0], 1, kernel_size=1)

    def logits(self, photograph: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        x, skips = self.stem(photograph), []
        for stage in self.down:
            skips.append(x)
            x = stage(F.max_pool2d(x, 2))
        for enlarge, stage in zip(self.enlarge, self.up, strict=True):
            x = stage(torch.cat([skips.pop(), enlarge(x)], dim=1))
        return self.head(x)


def double_conv(channels: int, out: int) -> nn.Sequential:
    """Return two 3x3 convolutions, each with batch norm and ReLU."""
    return nn.Sequential(conv_block(channels, out), conv_block(out, out))


def _checked(widths: Sequence[int]) -> Sequence[int]:
    if not 2 <= len(widths) <= 6:  # noqa: PLR2004 (a side of 32 px is halved five times)
        raise ValueError(f"widths {list(widths)} make {len(widths)} levels. Give two to six, finest first.")
    return widths
