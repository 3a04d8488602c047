"""Atrous spatial pyramid pooling whose branches are weighed per image."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.convolution import conv_block, separable_block


class DynamicASPP(nn.Module):
    """See each place at several scales, and weigh the scales for every image.

    Branches: 1x1, one dilated 3x3 per rate, and the image mean. The mean of the features gives one weight per branch
    (softmax, so they sum to 1); the branches, times n·weight, are concatenated and projected. Equal weights give plain
    ASPP exactly, which is also where training starts, and what `dynamic=False` always computes (no weights returned).
    The image branch has one pixel per image, so it is normalised over groups of channels: batch norm would fail on a
    batch of one. Source: arXiv:1706.05587; separable as in arXiv:1802.02611; the weights follow arXiv:1912.03458.
    """

    def __init__(self, channels: int, out: int, *, rates: Sequence[int], dynamic: bool = True) -> None:
        super().__init__()
        self.reduce = conv_block(channels, 2 * out, kernel_size=1)
        self.local = conv_block(2 * out, out, kernel_size=1)
        self.atrous = nn.ModuleList(separable_block(2 * out, out, dilation=rate) for rate in rates)
        self.whole = nn.Sequential(nn.Conv2d(2 * out, out, 1, bias=False), nn.GroupNorm(8, out), nn.ReLU(inplace=True))
        self.n_branches = len(rates) + 2
        self.weigh = _weigher(2 * out, self.n_branches) if dynamic else None
        self.project = nn.Sequential(conv_block(self.n_branches * out, out, kernel_size=1), nn.Dropout2d(0.1))

    def forward(
        self, features: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b o h w"], Float[Tensor, "b n"] | None]:
        x = self.reduce(features)
        pooled = x.mean((2, 3), keepdim=True)
        branches = [self.local(x), *(branch(x) for branch in self.atrous)]
        branches.append(self.whole(pooled).expand_as(branches[0]))
        if self.weigh is None:
            return self.project(torch.cat(branches, dim=1)), None
        weights = self.weigh(pooled.flatten(1)).softmax(dim=1)
        scales = (weights * self.n_branches).unsqueeze(-1).unsqueeze(-1).unbind(dim=1)
        weighed = [branch * scale.unsqueeze(1) for branch, scale in zip(branches, scales, strict=True)]
        return self.project(torch.cat(weighed, dim=1)), weights


def _weigher(channels: int, n_branches: int) -> nn.Sequential:
    last = nn.Linear(channels // 4, n_branches)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(channels, channels // 4), nn.ReLU(inplace=True), last)
