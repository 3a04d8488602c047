"""What a mask of logits costs beside a label: the losses of the study by their names."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Float
from monai.losses import DiceLoss, TverskyLoss
from torch import Tensor, nn

from dermaseg_monai.errors import ConfigError, choose_one
from dermaseg_monai.losses.distance import ContourDistance
from dermaseg_monai.losses.lovasz import LovaszHinge
from dermaseg_monai.losses.maps import Mask
from dermaseg_monai.losses.rare_class import weighted_cross_entropy

Overlap = Literal["dice", "ce", "ce_dice", "weighted_ce", "ce_tversky", "ce_focal_tversky", "lovasz", "boundary"]
OVERLAPS: tuple[Overlap, ...] = get_args(Overlap)

PixelWeights = Callable[[], tuple[float, float]]
"""Gives the weight of a lesion pixel and of a skin pixel; asked only by the loss that needs them."""

# a missed lesion pixel costs more than one too many; γ < 1 keeps the gradient alive on nearly perfect images
FALSE_POSITIVES, FALSE_NEGATIVES, GAMMA = 0.3, 0.7, 0.75
SMOOTH_PX = 1.0
SMALLEST = 1e-6
# per px: an error 10 px away then counts like one pixel of cross-entropy, and the region term stays the larger
DISTANCE_WEIGHT = 0.1

_SETTINGS: dict[str, Any] = {"sigmoid": True, "reduction": "none", "smooth_nr": SMOOTH_PX, "smooth_dr": SMOOTH_PX}


def overlap_term(overlap: str, pixel_weights: PixelWeights | None = None) -> nn.Module:
    """Return the loss of that name, a module from (logits, label), b 1 h w each, to one number.

    Raises:
        ConfigError: an unknown name, or `weighted_ce` without weights.
    """
    if overlap == "weighted_ce":
        return _weighted_ce(pixel_weights)
    if overlap not in _TERMS:
        raise ConfigError(f"overlap {overlap!r} is unknown. {choose_one(overlap, OVERLAPS)}")
    return _TERMS[overlap]()


class Weighted(nn.Module):
    """first + weight · second."""

    def __init__(self, first: nn.Module, weight: float, second: nn.Module) -> None:
        super().__init__()
        self.first, self.weight, self.second = first, weight, second

    def forward(self, logits: Mask, label: Mask) -> Float[Tensor, ""]:
        return self.first(logits, label) + self.weight * self.second(logits, label)


class PerImage(nn.Module):
    """Mean over images of one of MONAI's terms, to a power.

    A label between 0 and 1 has MONAI's form for such labels, Σpt = (Σp + Σt - Σ|p - t|) / 2, which is least at the
    label; that of masks would be least at a mask. They are equal for masks but for rounding.

    Source: arXiv:2303.16296.
    """

    def __init__(self, term: Callable[..., nn.Module], *, power: float = 1.0, **weights: float) -> None:
        super().__init__()
        self.of_masks = term(**_SETTINGS, **weights)
        self.of_shares = term(**_SETTINGS, **weights, soft_label=True)
        self.power = power

    def forward(self, logits: Mask, label: Mask) -> Float[Tensor, ""]:
        per_image = self.of_masks(logits, label)
        shares = (label != label.round()).flatten(1).any(dim=1).view_as(per_image)
        # both are computed: to ask which one is needed would make a GPU wait in every iteration
        per_image = torch.where(shares, self.of_shares(logits, label), per_image)
        if self.power != 1:
            per_image = per_image.clamp(min=SMALLEST) ** self.power
        return per_image.mean()


class CrossEntropy(nn.Module):
    """Mean over pixels of the binary cross-entropy, each pixel times the weight of its class."""

    def __init__(self, lesion: float = 1.0, skin: float = 1.0) -> None:
        super().__init__()
        self.lesion, self.skin = lesion, skin

    def forward(self, logits: Mask, label: Mask) -> Float[Tensor, ""]:
        if self.lesion == self.skin == 1:
            return F.binary_cross_entropy_with_logits(logits, label)
        return weighted_cross_entropy(logits, label, self.lesion, self.skin)


def _dice() -> nn.Module:
    return PerImage(DiceLoss)


def _tversky(*, power: float = 1.0) -> nn.Module:
    return PerImage(TverskyLoss, power=power, alpha=FALSE_POSITIVES, beta=FALSE_NEGATIVES)


def _ce_dice() -> nn.Module:
    return Weighted(CrossEntropy(), 1.0, _dice())


_TERMS: Mapping[str, Callable[[], nn.Module]] = {
    "dice": _dice,
    "ce": CrossEntropy,
    "ce_dice": _ce_dice,
    "ce_tversky": lambda: Weighted(CrossEntropy(), 1.0, _tversky()),
    "ce_focal_tversky": lambda: Weighted(CrossEntropy(), 1.0, _tversky(power=GAMMA)),
    "lovasz": LovaszHinge,
    "boundary": lambda: Weighted(_ce_dice(), DISTANCE_WEIGHT, ContourDistance()),
}


def _weighted_ce(pixel_weights: PixelWeights | None) -> CrossEntropy:
    if pixel_weights is None:
        raise ConfigError(
            "overlap 'weighted_ce' needs the weights of the training masks. Give the loss `pixel_weights`: "
            "dermaseg_monai.data.pixel_weights with the manifest, as bundles/deeplabv3/configs/train.json does."
        )
    lesion, skin = pixel_weights()
    return CrossEntropy(lesion, skin)
