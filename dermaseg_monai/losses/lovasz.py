"""The Lovász hinge: a convex stand-in for one minus the Jaccard index of the mask."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.losses.maps import Mask


class LovaszHinge(nn.Module):
    """Mean over images of Σ relu(mᵢ)·(ΔJᵢ - ΔJᵢ₋₁) over the margins m = 1 - logit·(2t - 1), largest first, in [0, ∞).

    ΔJᵢ is one minus the Jaccard index of a mask that is wrong on the first i pixels. The binary form of the paper, on
    logits (its form for several classes works on probabilities). Where the label is empty or full the image costs the
    worst margin (empty), or their mean (full).

    Raises:
        ConfigError: a label between 0 and 1: the Jaccard index of such a label has no Lovász extension, and its
            stand-ins are not least at the label (arXiv:2302.05666).

    Source: arXiv:1705.08790, sections 2 and 3.1, per image.
    """

    def forward(self, logits: Mask, label: Mask) -> Float[Tensor, ""]:
        if not torch.equal(label, label.round()):
            raise ConfigError(
                "The loss lovasz takes masks of 0 and 1 only, and a label holds shares of readers. Train with "
                "one_reader.json instead of soft_mean.json, or choose another --loss#overlap."
            )
        margins = (1 - logits * (2 * label - 1)).flatten(1)
        margins, order = margins.sort(dim=1, descending=True)
        steps = jaccard_steps(label.flatten(1).gather(1, order))
        return (margins.relu() * steps).sum(1).mean()


def jaccard_steps(truth: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
    """Return how much each further pixel, when it is wrong too, adds to one minus the Jaccard index."""
    lesion = truth.sum(1, keepdim=True)
    shared = lesion - truth.cumsum(1)
    either = lesion + (1 - truth).cumsum(1)
    distance = 1 - shared / either
    return torch.diff(distance, dim=1, prepend=torch.zeros_like(lesion))
