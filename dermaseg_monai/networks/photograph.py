"""What happens to a photograph before an encoder: padding to a whole number of strides, normalisation."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from monai.data import MetaTensor
from torch import Tensor, nn

MIN_SIZE_PX = 32
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Photograph(nn.Module):
    """Normalise RGB in [0, 1] and mirror its right and lower edges until h, w divide by `multiple`.

    `mean` and `std` are of the three channels, ImageNet's unless given.

    What comes out lies channels-last in memory, which the convolutions keep: on a CPU a third faster, values the same.

    Raises:
        ValueError: the image has not three channels, or a side is shorter than 32 px.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, *, multiple: int, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
    ) -> None:
        super().__init__()
        self.multiple = multiple
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 3 H W"]:
        if isinstance(image, MetaTensor):  # plain tensors skip MONAI's bookkeeping in each of some 300 operations
            image = image.as_tensor()
        height, width = image.shape[-2:]
        if not (torch.jit.is_tracing() or torch.compiler.is_exporting()):
            _check(tuple(image.shape))
        padded = F.pad(image, (0, -width % self.multiple, 0, -height % self.multiple), mode="reflect")
        return ((padded - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


def crop(x: Float[Tensor, "b c H W"], height: int, width: int) -> Float[Tensor, "b c h w"]:
    """Take the padding off again."""
    # negative padding rather than a slice: a slice's memory layout depends on whether there is padding at all, and
    # torch.export would hold on to the case it saw
    return F.pad(x, (0, width - x.shape[-1], 0, height - x.shape[-2]))


def _check(shape: tuple[int, ...]) -> None:
    if shape[1] != len(IMAGENET_MEAN):
        raise ValueError(f"The image has {shape[1]} channels, shape {shape}. Give RGB: (batch, 3, height, width).")
    if min(shape[-2:]) < MIN_SIZE_PX:
        raise ValueError(
            f"The image is {shape[-2]} x {shape[-1]} px, shorter than {MIN_SIZE_PX} px on a side. Enlarge it first."
        )
