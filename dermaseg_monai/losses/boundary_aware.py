"""The loss of the boundary-aware network: overlap, contour band, uncertainty and consistency."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.losses.contour import contour_band
from dermaseg_monai.losses.maps import Mask, logits_and_label, require_used
from dermaseg_monai.losses.overlap_term import PixelWeights, overlap_term
from dermaseg_monai.losses.rare_class import class_weights, weighted_cross_entropy

MAPS = ("pred", "region", "boundary", "uncertainty")


class BoundaryAwareLoss(nn.Module):
    """Sum of the parts of a network's maps; a map that is absent, or a weight of 0, leaves its part out.

    - refined: overlap loss of `pred` (weight 1); the only part of a network that returns one plain tensor.
    - region: overlap loss of `region` (`region_weight`).
    - boundary: cross-entropy of `boundary` against the band of `band_px` either side of the label's contour, band and
      rest counted alike, w = N / (2 N_class).
    - uncertainty: cross-entropy of `uncertainty` against |σ(region) - label|, detached, so that the map learns the
      probability of an error and the region is not moved by it (`pred` instead of `region` where that is absent).
      Of a label between 0 and 1 see `uncertainty_loss`.
    - consistency: 1 - (2Σbc + 1) / (Σb² + Σc² + 1) per image between σ(`boundary`) = b and the soft contour c of
      σ(`pred`), which bends each towards the other.

    The overlap loss is any of `OverlapLoss`; weighted_ce asks `pixel_weights` for its weights.

    `parts` holds the unweighted, detached values of the last call under loss/refined, loss/region and so on.

    Raises:
        ConfigError: an unknown overlap loss, weighted_ce without weights, a negative weight, a band below 1 px, or
            a map that no part is for.
        ValueError: no `pred`, or one on another grid.
    """

    def __init__(
        self,
        overlap: str = "ce_dice",
        *,
        region_weight: float = 0.5,
        boundary_weight: float = 0.5,
        uncertainty_weight: float = 0.2,
        consistency_weight: float = 0.1,
        band_px: int = 3,
        pixel_weights: PixelWeights | None = None,
    ) -> None:
        super().__init__()
        self.overlap = overlap_term(overlap, pixel_weights)
        self.weights = {
            "refined": 1.0,
            "region": region_weight,
            "boundary": boundary_weight,
            "uncertainty": uncertainty_weight,
            "consistency": consistency_weight,
        }
        for name, weight in self.weights.items():
            if weight < 0:
                raise ConfigError(f"{name}_weight is {weight}. Give 0 (part is off) or more.")
        if band_px < 1:
            raise ConfigError(f"band_px is {band_px}. Give the reach of the contour band in px, 1 or more.")
        self.band_px = band_px
        self.parts: dict[str, Tensor] = {}

    def forward(self, output: Mapping[str, Tensor] | Tensor, label: Tensor) -> Float[Tensor, ""]:
        logits, truth = logits_and_label(output, label, names=MAPS)
        require_used(output, MAPS, loss="BoundaryAwareLoss")
        parts = self._parts(logits, truth)
        self.parts = {f"loss/{name}": part.detach() for name, part in parts.items()}
        return torch.stack([self.weights[name] * part for name, part in parts.items()]).sum()

    def _parts(self, logits: Mapping[str, Mask], label: Mask) -> dict[str, Float[Tensor, ""]]:
        pred, region, boundary = logits["pred"], logits.get("region"), logits.get("boundary")
        parts = {"refined": self.overlap(pred, label)}
        if region is not None and self.weights["region"]:
            parts["region"] = self.overlap(region, label)
        if boundary is not None and self.weights["boundary"]:
            parts["boundary"] = boundary_loss(boundary, label, band_px=self.band_px)
        if "uncertainty" in logits and self.weights["uncertainty"]:
            judged = pred if region is None else region
            parts["uncertainty"] = uncertainty_loss(logits["uncertainty"], judged, label)
        if boundary is not None and self.weights["consistency"]:
            parts["consistency"] = consistency_loss(boundary, pred, band_px=self.band_px)
        return parts


def boundary_loss(boundary: Mask, label: Mask, *, band_px: int) -> Float[Tensor, ""]:
    """Return the class-balanced cross-entropy of boundary logits against the band around the label's contour."""
    band = contour_band(label, band_px=band_px)
    inside, outside = class_weights(band)
    return weighted_cross_entropy(boundary, band, inside, outside)


def uncertainty_loss(uncertainty: Mask, judged: Mask, label: Mask) -> Float[Tensor, ""]:
    """Return the cross-entropy of uncertainty logits against the detached error t·(1-p) + (1-t)·p, p = σ(judged).

    |p - t| for a label t of 0 or 1; for the share t of readers, how often p is wrong about one of them.
    """
    p = judged.detach().sigmoid()
    return F.binary_cross_entropy_with_logits(uncertainty, torch.lerp(p, 1 - p, label))


def consistency_loss(boundary: Mask, pred: Mask, *, band_px: int) -> Float[Tensor, ""]:
    """Return one minus the soft Dice (squares below, 1 px smoothing) of the boundary map and the mask's contour."""
    b, c = boundary.sigmoid(), contour_band(pred.sigmoid(), band_px=band_px)
    shared, total = (b * c).sum((1, 2, 3)), (b * b + c * c).sum((1, 2, 3))
    return (1 - (2 * shared + 1) / (total + 1)).mean()
