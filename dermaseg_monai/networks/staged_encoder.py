"""What every encoder is: features of a photograph at several strides."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

Stages = tuple[
    Float[Tensor, "b c4 h4 w4"],
    Float[Tensor, "b c8 h8 w8"],
    Float[Tensor, "b cl hl wl"],
    Float[Tensor, "b c ho wo"],
]
"""Features at strides 4, 8, the late ones (see `StagedEncoder.stages`), and those at the output stride."""


class StagedEncoder(nn.Module, ABC):
    """Features at strides 4, 8 and the output stride of normalised RGB; h, w divide by the output stride."""

    channels: tuple[int, int, int]
    """How many features `forward` gives at each stride."""
    late_channels: int
    """How many features go into the last strided stage, on the grid of the output stride."""

    def forward(
        self, image: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b c4 h4 w4"], Float[Tensor, "b c8 h8 w8"], Float[Tensor, "b c ho wo"]]:
        stride4, stride8, _, top = self.stages(image)
        return stride4, stride8, top

    @abstractmethod
    def stages(self, image: Float[Tensor, "b 3 h w"]) -> Stages:
        """Return what `forward` does and, third, the `late_channels` features that go into the last strided stage."""
