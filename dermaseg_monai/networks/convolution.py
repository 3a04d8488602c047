"""Convolution, normalisation and activation in one step, whole or depthwise separable."""

from torch import nn


def conv_block(channels: int, out: int, *, kernel_size: int = 3, dilation: int = 1, groups: int = 1) -> nn.Sequential:
    """Return convolution, batch norm and ReLU; the grid keeps its size."""
    padding = dilation * (kernel_size // 2)
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel_size, padding=padding, dilation=dilation, groups=groups, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )


def separable_block(channels: int, out: int, *, dilation: int = 1) -> nn.Sequential:
    """Return a 3x3 convolution within each channel, then a 1x1 one across them. Source: arXiv:1802.02611."""
    return nn.Sequential(
        conv_block(channels, channels, dilation=dilation, groups=channels), conv_block(channels, out, kernel_size=1)
    )
