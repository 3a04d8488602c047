"""U-Net++: MONAI's, for photographs of any size."""

from collections.abc import Sequence

from jaxtyping import Float
from monai.networks.nets import BasicUNetPlusPlus
from torch import Tensor, nn

from dermaseg_monai.networks.framed import Framed

WIDTHS = (32, 64, 128, 256, 512)
HALVINGS = 4


class UNetPlusPlus(Framed):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    A U-Net whose skips pass nested convolutions that take in the levels below; the mask is that of the deepest one.

    Args:
        widths: channels of the five levels, finest first.

    Raises:
        ValueError: not five widths, or an image too small.

    Source: arXiv:1807.10165 without deep supervision, in MONAI's implementation (BasicUNetPlusPlus) with ReLU and batch
    norm as the other networks here have them; MONAI's default is leaky ReLU and instance norm.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__(multiple=2**HALVINGS)
        if len(widths) != HALVINGS + 1:
            raise ValueError(f"widths {list(widths)} are {len(widths)}. Give {HALVINGS + 1}, finest first.")
        self.network = BasicUNetPlusPlus(
            spatial_dims=2,
            in_channels=3,
            out_channels=1,
            features=(*widths, widths[0]),
            act=("relu", {"inplace": True}),
            norm="batch",
            bias=False,
        )
        # the heads of the shallower masks, which MONAI computes and throws away: they would never get a gradient
        for head in ("final_conv_0_1", "final_conv_0_2", "final_conv_0_3"):
            setattr(self.network, head, nn.Identity())

    def logits(self, photograph: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        (pred,) = self.network(photograph)
        return pred
