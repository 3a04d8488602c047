"""Mix transformer (MiT), the encoder of SegFormer: overlapping patches, attention on a reduced grid, Mix-FFN."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from monai.networks.layers import DropPath
from torch import Tensor, nn

WIDTHS, HEADS, DEPTHS = (32, 64, 160, 256), (1, 2, 5, 8), (2, 2, 2, 2)  # MiT-B0, table 6 of the paper
REDUCTIONS = (8, 4, 2, 1)
PATCHES_PX, STRIDES = (7, 3, 3, 3), (4, 2, 2, 2)
EXPANSION = 4


class MixTransformer(nn.Module):
    """Features at strides 4, 8, 16 and 32 of normalised RGB; h, w divide by 32.

    Args:
        widths: channels of the four stages.
        heads: attention heads of each; they divide its channels.
        depths: blocks of each.
        drop_path: chance that the last block is skipped for an image in training, growing linearly from 0 at the first.

    Source: arXiv:2105.15203; the defaults are MiT-B0.
    """

    def __init__(
        self,
        *,
        widths: Sequence[int] = WIDTHS,
        heads: Sequence[int] = HEADS,
        depths: Sequence[int] = DEPTHS,
        drop_path: float = 0.1,
    ) -> None:
        super().__init__()
        self.channels = tuple(widths)
        skipped = [drop_path * block / max(sum(depths) - 1, 1) for block in range(sum(depths))]
        self.stages = nn.ModuleList(
            MixStage(
                fine,
                width,
                patch_px=patch_px,
                stride=stride,
                heads=stage_heads,
                reduction=reduction,
                skipped=[skipped.pop(0) for _ in range(depth)],
            )
            for fine, width, patch_px, stride, stage_heads, reduction, depth in zip(
                (3, *widths[:-1]), widths, PATCHES_PX, STRIDES, heads, REDUCTIONS, depths, strict=True
            )
        )
        self.apply(_initialise)

    def forward(self, image: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        features, x = [], image
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class MixStage(nn.Module):
    """Lay overlapping patches on a coarser grid and let them attend to each other."""

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        patch_px: int,
        stride: int,
        heads: int,
        reduction: int,
        skipped: Sequence[float],
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(channels, width, patch_px, stride, padding=patch_px // 2)
        self.patches_norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(
            MixBlock(width, heads=heads, reduction=reduction, skipped=chance) for chance in skipped
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d hs ws"]:
        grid = self.patches(x)
        places = self.patches_norm(to_places(grid))
        for block in self.blocks:
            places = block(places, grid.shape[-2], grid.shape[-1])
        return to_grid(self.norm(places), grid.shape[-2], grid.shape[-1])


class MixBlock(nn.Module):
    """Attention, then Mix-FFN, each normalised before and added to its input."""

    def __init__(self, width: int, *, heads: int, reduction: int, skipped: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = ReducedAttention(width, heads=heads, reduction=reduction)
        self.mix_norm = nn.LayerNorm(width)
        self.mix = MixFFN(width)
        self.drop_path = DropPath(skipped)

    def forward(self, places: Float[Tensor, "b n d"], height: int, width: int) -> Float[Tensor, "b n d"]:
        places = places + self.drop_path(self.attention(self.attention_norm(places), height, width))
        return places + self.drop_path(self.mix(self.mix_norm(places), height, width))


class ReducedAttention(nn.Module):
    """Every place asks; only one place in `reduction`² answers, each a learned summary of that many."""

    def __init__(self, width: int, *, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.project = nn.Linear(width, width)
        self.reduce = nn.Conv2d(width, width, reduction, stride=reduction) if reduction > 1 else None
        self.reduce_norm = nn.LayerNorm(width) if reduction > 1 else None

    def forward(self, places: Float[Tensor, "b n d"], height: int, width: int) -> Float[Tensor, "b n d"]:
        asked = places
        if self.reduce is not None and self.reduce_norm is not None:
            asked = self.reduce_norm(to_places(self.reduce(to_grid(places, height, width))))
        query, key, value = (
            self._split(self.query(places)),
            self._split(self.key(asked)),
            self._split(self.value(asked)),
        )
        answers = F.scaled_dot_product_attention(query, key, value)
        return self.project(answers.transpose(1, 2).flatten(2))

    def _split(self, places: Float[Tensor, "b n d"]) -> Float[Tensor, "b k n e"]:
        return places.unflatten(2, (self.heads, -1)).transpose(1, 2)


class MixFFN(nn.Module):
    """Widen, filter each channel with a 3x3 convolution (whose padding tells where the edges are), GELU, narrow."""

    def __init__(self, width: int) -> None:
        super().__init__()
        wide = EXPANSION * width
        self.widen = nn.Linear(width, wide)
        self.filter = nn.Conv2d(wide, wide, kernel_size=3, padding=1, groups=wide)
        self.narrow = nn.Linear(wide, width)

    def forward(self, places: Float[Tensor, "b n d"], height: int, width: int) -> Float[Tensor, "b n d"]:
        filtered = self.filter(to_grid(self.widen(places), height, width))
        return self.narrow(F.gelu(to_places(filtered)))


def to_places(grid: Float[Tensor, "b c h w"]) -> Float[Tensor, "b n c"]:
    """Return the places of a grid in reading order."""
    return grid.flatten(2).transpose(1, 2)


def to_grid(places: Float[Tensor, "b n c"], height: int, width: int) -> Float[Tensor, "b c h w"]:
    """Return places in reading order as a grid."""
    return places.transpose(1, 2).unflatten(2, (height, width))


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
