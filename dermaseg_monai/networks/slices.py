"""A network for pictures, led through a volume slice by slice."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.images import beside, cut, join, require_cut


class SliceNetwork(nn.Module):
    """Lesion logits of a volume from a network for pictures, for inference.

    The volume is in the orientation `images.UPRIGHT`, its values in [0, 1]. Every slice becomes a picture of three
    channels: the slices `neighbours` before it, itself, and `neighbours` after it (0: itself three times; at the border
    the outermost slice is repeated). The picture goes the way a picture file goes in the bundles of photographs:
    stretched to a square of `image_size`, through the network, and the logits back to the size of the slice, all
    bilinear with antialiasing. Across the slices nothing is resampled.

    Args:
        network: takes pictures "b 3 h w" in [0, 1] and returns logits "b 1 h w" in evaluation mode.
        image_size: what the network was trained with, in px.
        plane: `sagittal`, `coronal` or `axial`, as in its training.
        neighbours: as in its training (`dermaseg data slices --neighbours`).
        at_once: slices in one batch.

    Raises:
        ConfigError: there is no such plane, or `neighbours` is negative.
    """

    def __init__(self, network: nn.Module, *, image_size: int, plane: str, neighbours: int, at_once: int = 16) -> None:
        super().__init__()
        require_cut(plane, neighbours)
        self.network = network
        self.image_size, self.plane, self.neighbours, self.at_once = image_size, plane, neighbours, at_once

    def forward(self, volume: Float[Tensor, "b 1 x y z"]) -> Float[Tensor, "b 1 x y z"]:
        return torch.stack([self._one(one) for one in volume[:, 0]])[:, None]

    def _one(self, volume: Float[Tensor, "x y z"]) -> Float[Tensor, "x y z"]:
        slices = cut(volume, self.plane)
        channels = [list(beside(at, len(slices), self.neighbours)) for at in range(len(slices))]
        logits = [
            self._logits(slices[torch.tensor(channels[start : start + self.at_once], device=slices.device)])
            for start in range(0, len(slices), self.at_once)
        ]
        return join(torch.cat(logits), self.plane)

    def _logits(self, pictures: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n h w"]:
        square = _interpolated(pictures, [self.image_size, self.image_size])
        return _interpolated(self.network(square).float(), list(pictures.shape[-2:]))[:, 0]


def _interpolated(values: Tensor, size: list[int]) -> Tensor:
    return F.interpolate(values, size, mode="bilinear", antialias=True)
