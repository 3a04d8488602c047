"""A photograph on the square that the image encoder takes, and where its pixels went."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_WHITE = 255.0


@dataclass(frozen=True)
class Fitted:
    """The encoder's input, and which part of it shows the photograph: `inner_px` (rows, columns), at the upper left."""

    pixels: Tensor
    inner_px: tuple[int, int]


@runtime_checkable
class Fit(Protocol):
    """Fits an RGB photograph in [0, 1] into a square of `side_px`."""

    def __call__(self, image: Float[Tensor, "1 3 h w"], side_px: int) -> Fitted:
        """Return what the encoder takes."""
        ...


class LongSideFit:
    """SAM's own way: long side to the square's side, ImageNet's mean and standard deviation, zeros right and below.

    Source: ResizeLongestSide and Sam.preprocess of facebookresearch/segment-anything; resized in floats, not in bytes.
    """

    def __call__(self, image: Float[Tensor, "1 3 h w"], side_px: int) -> Fitted:
        """Return what the encoder takes."""
        scale = side_px / max(image.shape[-2:])
        height, width = (max(1, int(size * scale + 0.5)) for size in image.shape[-2:])
        small = _resized(image, (height, width), mode="bilinear")
        mean, std = (image.new_tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _STD))
        pixels = F.pad((small - mean) / std, (0, side_px - width, 0, side_px - height))
        return Fitted(pixels, (height, width))


class SquareFit:
    """MedSAM's way: stretched to the square, its darkest value becomes 0 and its brightest 1; no mean is taken off.

    Source: MedSAM_Inference.py of bowang-lab/MedSAM (arXiv:2304.12306); bicubic with torch's antialiasing.
    """

    def __call__(self, image: Float[Tensor, "1 3 h w"], side_px: int) -> Fitted:
        """Return what the encoder takes."""
        square = _resized(image, (side_px, side_px), mode="bicubic").clamp(0, 1)
        levels = (square * _WHITE).floor()
        low, high = levels.min(), levels.max()
        return Fitted((levels - low) / (high - low).clamp(min=1e-8), (side_px, side_px))


def _resized(image: Tensor, size_px: tuple[int, int], *, mode: str) -> Tensor:
    if tuple(image.shape[-2:]) == size_px:
        return image
    return F.interpolate(image.to(torch.float32), size_px, mode=mode, align_corners=False, antialias=True)
