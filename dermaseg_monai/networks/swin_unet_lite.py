"""Swin U-Net of a small size: MONAI's SwinUNETR in 2D."""

from jaxtyping import Float
from monai.networks.nets import SwinUNETR
from torch import Tensor

from dermaseg_monai.networks.framed import Framed

COARSEST_STRIDE = 32
GROUPS = 12  # the feature size is a multiple of 12 anyway


class SwinUNetLite(Framed):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    Swin transformer stages at strides 2 to 32, whose windows of 7 x 7 places shift from block to block, then a
    convolutional decoder with skips. A trace or an export is for the one image size it was made with, because the
    windows are laid out in Python.

    Args:
        feature_size: channels at stride 2, doubled at each stage; a multiple of 12.

    Raises:
        ValueError: a feature size that is no multiple of 12, or an image too small.

    Source: arXiv:2201.01266 (after arXiv:2103.14030), MONAI's SwinUNETR; changed: two dimensions, group norm in the
    convolutions, because instance norm cannot take the single place that stride 32 leaves of 32 x 32 px.
    """

    def __init__(self, feature_size: int = 24) -> None:
        super().__init__(multiple=COARSEST_STRIDE)
        self.net = SwinUNETR(
            in_channels=3,
            out_channels=1,
            spatial_dims=2,
            feature_size=feature_size,
            norm_name=("group", {"num_groups": GROUPS}),
        )

    def logits(self, photograph: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        return self.net(photograph)
