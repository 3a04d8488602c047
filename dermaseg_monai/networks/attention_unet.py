"""Attention U-Net: MONAI's, for photographs of any size."""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from monai.networks.nets import AttentionUnet as MonaiAttentionUnet
from torch import Tensor, nn

from dermaseg_monai.networks.framed import Framed

WIDTHS = (64, 128, 256, 512, 1024)


class AttentionUNet(Framed):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    A U-Net whose features of the way down are weighed, pixel by pixel, by what the level below has found.

    Args:
        widths: channels per level, finest first; each level halves the grid.

    Raises:
        ValueError: less than two levels, more than six (sides would have to divide by 64), or an image too small.

    Source: arXiv:1804.03999 in MONAI's implementation (AttentionUnet), which halves by strided convolution instead of
    pooling, gates with the enlarged features of the level below, and has no deep supervision; its biases before a
    normalisation, which takes them off again, are left out.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        if not 2 <= len(widths) <= 6:  # noqa: PLR2004 (a side of 32 px is halved five times)
            raise ValueError(f"widths {list(widths)} make {len(widths)} levels. Give two to six, finest first.")
        halvings = len(widths) - 1
        super().__init__(multiple=2**halvings)
        self.network = MonaiAttentionUnet(
            spatial_dims=2, in_channels=3, out_channels=1, channels=tuple(widths), strides=(2,) * halvings
        )
        _drop_idle_biases(self.network)

    def logits(self, photograph: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        return self.network(photograph)


def _drop_idle_biases(network: nn.Module) -> None:
    """Take out the biases that never get a gradient, but rounding noise, which Adam would turn into whole steps."""
    leaves = [module for module in network.modules() if not list(module.children())]
    for conv, after in pairwise(leaves):
        if isinstance(conv, nn.Conv2d | nn.ConvTranspose2d) and isinstance(after, nn.BatchNorm2d | nn.InstanceNorm2d):
            conv.bias = None
