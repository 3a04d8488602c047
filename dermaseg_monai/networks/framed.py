"""The frame around a network: any size in, normalised and padded, and the same grid out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.photograph import IMAGENET_MEAN, IMAGENET_STD, Photograph, crop


class Framed(nn.Module, ABC):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid, in training and evaluation.

    A subclass says in `logits` what happens to a photograph that is normalised and padded until h, w divide by
    `multiple`; the padding is cropped off again. Nothing is resized.

    Raises:
        ValueError: an image too small, or not RGB.
    """

    def __init__(
        self, *, multiple: int, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
    ) -> None:
        super().__init__()
        self.photograph = Photograph(multiple=multiple, mean=mean, std=std)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"]:
        height, width = image.shape[-2:]
        return crop(self.logits(self.photograph(image)), height, width)

    @abstractmethod
    def logits(self, photograph: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        """Return logits on the grid of a normalised photograph whose sides divide by `multiple`."""
