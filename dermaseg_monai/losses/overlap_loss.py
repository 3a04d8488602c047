"""The loss of a network with one mask, or with a mask and an auxiliary one."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.losses.maps import logits_and_label, require_used
from dermaseg_monai.losses.overlap_term import PixelWeights, overlap_term


class OverlapLoss(nn.Module):
    """overlap(`pred`) + auxiliary_weight · overlap(`aux`), in [0, ∞); a plain tensor is `pred`, `aux` may be absent.

    With p = σ(logit), t the label, CE the mean binary cross-entropy over pixels and all else the mean over images:

    - dice: 1 - (2Σpt + 1) / (Σp + Σt + 1).
    - ce: CE alone.
    - ce_dice: CE + dice. What cross-entropy and Dice of two classes are for one logit.
    - weighted_ce: CE with w = N / (2 N_class) from the training masks (`pixel_weights`).
    - ce_tversky: CE + 1 - (Σpt + 1) / (Σpt + 0.3 Σp(1-t) + 0.7 Σ(1-p)t + 1).
    - ce_focal_tversky: CE + the Tversky term to the power 0.75.
    - lovasz: the Lovász hinge, alone (`LovaszHinge`).
    - boundary: ce_dice + 0.1/px · Σφ(p - t) / N, φ the signed distance to the label's contour (`ContourDistance`).

    A label may be the share of readers, in [0, 1]. Cross-entropy, Dice and Tversky are then least at that share (see
    `PerImage`), ContourDistance goes by the contour of a half, and lovasz refuses.

    `parts` holds the unweighted, detached values of the last call under loss/overlap and loss/aux.

    Args:
        overlap: one of these names.
        auxiliary_weight: of the auxiliary map; 0 leaves it out.
        pixel_weights: gives the weights of lesion and skin; asked by weighted_ce only.

    Raises:
        ConfigError: an unknown name, a negative weight, weighted_ce without weights, or a network with other maps.
        ValueError: no `pred`, or a map on another grid than the label.

    Source: arXiv:1606.04797, arXiv:1706.05721, arXiv:1810.07842 (focal, γ = 4/3 there stands for the power 1/γ),
    arXiv:1705.08790, arXiv:1812.07032; auxiliary head and its weight: arXiv:1612.01105.
    """

    def __init__(
        self, overlap: str = "ce_dice", *, auxiliary_weight: float = 0.4, pixel_weights: PixelWeights | None = None
    ) -> None:
        super().__init__()
        if auxiliary_weight < 0:
            raise ConfigError(f"auxiliary_weight is {auxiliary_weight}. Give 0 (part is off) or more.")
        self.term = overlap_term(overlap, pixel_weights)
        self.auxiliary_weight = auxiliary_weight
        self.parts: dict[str, Tensor] = {}

    def forward(self, output: Mapping[str, Tensor] | Tensor, label: Tensor) -> Float[Tensor, ""]:
        names = ("pred", "aux") if self.auxiliary_weight else ("pred",)
        logits, truth = logits_and_label(output, label, names=names)
        require_used(output, ("pred", "aux"), loss="OverlapLoss")
        total = self.term(logits["pred"], truth)
        self.parts = {"loss/overlap": total.detach()}
        if "aux" in logits:
            auxiliary = self.term(logits["aux"], truth)
            self.parts["loss/aux"] = auxiliary.detach()
            total = total + self.auxiliary_weight * auxiliary
        return total
