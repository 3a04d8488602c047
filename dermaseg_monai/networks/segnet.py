"""SegNet: an encoder-decoder that remembers where each maximum lay."""

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from dermaseg_monai.networks.convolution import conv_block
from dermaseg_monai.networks.framed import Framed

WIDTHS = (64, 128, 256, 512, 512)
CONVOLUTIONS = (2, 2, 3, 3, 3)


class SegNet(Framed):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    The convolutions of VGG-16, each with batch norm and ReLU, pooled after every stage; the way back mirrors them, and
    each unpooling puts a value where the maximum of its 2 x 2 px lay, zeros around it. No features go across.

    Args:
        widths: channels of the five stages, finest first.

    Raises:
        ValueError: not five widths, or an image too small.

    Source: arXiv:1511.00561; changed: one logit instead of a softmax over classes, random weights at the start.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__(multiple=2 ** len(CONVOLUTIONS))
        if len(widths) != len(CONVOLUTIONS):
            raise ValueError(f"widths {list(widths)} are {len(widths)}. Give {len(CONVOLUTIONS)}, finest first.")
        fine = (3, *widths[:-1])
        stages = list(zip(fine, widths, CONVOLUTIONS, strict=True))
        self.down = nn.ModuleList(_convs([before] + [width] * count) for before, width, count in stages)
        # the last stage ends with the classifier in place of its second convolution
        self.up = nn.ModuleList(_convs([width] * count + [before]) for before, width, count in stages[:0:-1])
        self.last = conv_block(widths[0], widths[0])
        self.head = nn.Conv2d(widths[0], 1, kernel_size=3, padding=1)

    def logits(self, photograph: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        x, places = photograph, []
        for stage in self.down:
            x, where = F.max_pool2d(stage(x), 2, return_indices=True)
            places.append(where)
        for stage in [*self.up, self.last]:
            x = stage(unpool(x, places.pop()))
        return self.head(x)


def unpool(x: Float[Tensor, "b c h w"], places: Int[Tensor, "b c h w"]) -> Float[Tensor, "b c H W"]:
    """Return a grid twice as fine with each value of `x` at its place (row * W + column), zeros elsewhere."""
    # torch 2.13 cannot trace the check of sizes in F.max_unpool2d; channels come last because they do so in memory
    values, where = (each.permute(0, 2, 3, 1).flatten(1, 2) for each in (x, places))
    fine = (2 * x.shape[-2], 2 * x.shape[-1])
    empty = values.new_zeros(values.shape[0], fine[0] * fine[1], values.shape[2])
    return empty.scatter(1, where, values).unflatten(1, fine).permute(0, 3, 1, 2)


def _convs(widths: Sequence[int]) -> nn.Sequential:
    return nn.Sequential(*(conv_block(before, after) for before, after in pairwise(widths)))
