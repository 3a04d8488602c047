"""Overlap losses on one logit channel: cross-entropy plus Dice, Tversky or focal Tversky, from MONAI's parts."""

from typing import Any, Literal, get_args

import torch.nn.functional as F
from jaxtyping import Float
from monai.losses import DiceLoss, TverskyLoss
from torch import Tensor, nn

from dermaseg_monai.errors import ConfigError

Overlap = Literal["ce_dice", "ce_tversky", "ce_focal_tversky"]
OVERLAPS: tuple[Overlap, ...] = get_args(Overlap)

# a missed lesion pixel costs more than one too many; γ < 1 keeps the gradient alive on nearly perfect images
FALSE_POSITIVES, FALSE_NEGATIVES, GAMMA = 0.3, 0.7, 0.75
SMOOTH_PX = 1.0
SMALLEST = 1e-6


class OverlapLoss(nn.Module):
    """Mean binary cross-entropy over pixels plus the mean over images of one overlap term, in [0, ∞).

    ce_dice: 1 - (2Σpt + 1) / (Σp + Σt + 1). ce_tversky: 1 - (Σpt + 1) / (Σpt + 0.3 Σp(1-t) + 0.7 Σ(1-p)t + 1).
    ce_focal_tversky: the Tversky term to the power 0.75.

    Raises:
        ConfigError: an unknown name.

    Source: arXiv:1606.04797, arXiv:1706.05721, arXiv:1810.07842 (focal, γ = 4/3 there stands for the power 1/γ).
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in OVERLAPS:
            raise ConfigError(f"overlap {name!r} is unknown. Choose one of {', '.join(OVERLAPS)}.")
        settings: dict[str, Any] = {
            "sigmoid": True,
            "reduction": "none",
            "smooth_nr": SMOOTH_PX,
            "smooth_dr": SMOOTH_PX,
        }
        self.term = (
            DiceLoss(**settings)
            if name == "ce_dice"
            else TverskyLoss(alpha=FALSE_POSITIVES, beta=FALSE_NEGATIVES, **settings)
        )
        self.power = GAMMA if name == "ce_focal_tversky" else 1.0

    def forward(self, logits: Float[Tensor, "b 1 h w"], label: Float[Tensor, "b 1 h w"]) -> Float[Tensor, ""]:
        per_image = self.term(logits, label)
        if self.power != 1:
            per_image = per_image.clamp(min=SMALLEST) ** self.power
        return F.binary_cross_entropy_with_logits(logits, label) + per_image.mean()
