"""The boundary loss: errors cost as much as they are far from the label's contour."""

from jaxtyping import Float
from monai.losses import BoundaryLoss
from torch import Tensor, nn

from dermaseg_monai.losses.maps import Mask


class ContourDistance(nn.Module):
    """Mean over pixels of φ·(p - t), in px: |φ| is the distance to the label's contour, φ < 0 inside; in [0, ∞).

    MONAI's signed distance map and integral, less the constant φ·t, so that the label itself costs 0. An empty or full
    label has no contour and costs nothing; a region term has to stand beside this one.

    Source: arXiv:1812.07032.
    """

    def __init__(self) -> None:
        super().__init__()
        self.distance = BoundaryLoss().compute_distance_map

    def forward(self, logits: Mask, label: Mask) -> Float[Tensor, ""]:
        return (self.distance(label).to(logits.device) * (logits.sigmoid() - label)).mean()
