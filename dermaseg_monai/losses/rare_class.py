"""Weights that let a rare class count as much as a common one."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def class_weights(positive: Float[Tensor, "*grid"]) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return (w₊, w₋) with w = N / (2 N_class) for pixels that are 1 or 0; the weights of all pixels sum to N.

    Where a class is absent, the other has weight 1 and the absent one 0. Source: King & Zeng 2001, "balanced" weights.
    """
    total = positive.numel()
    n_positive = positive.sum()
    n_negative = total - n_positive
    both = (n_positive > 0) & (n_negative > 0)
    return _weight(n_positive, total, both=both), _weight(n_negative, total, both=both)


def weighted_cross_entropy(
    logits: Float[Tensor, "*grid"],
    label: Float[Tensor, "*grid"],
    positive: float | Float[Tensor, ""],
    negative: float | Float[Tensor, ""],
) -> Float[Tensor, ""]:
    """Return the mean over pixels of -w₊·t·log p - w₋·(1-t)·log(1-p), p = σ(logit), t in [0, 1].

    A label between 0 and 1 is so much of either class, each with its own weight: what labels of 0 and 1 cost on
    average that are 1 with probability t.
    """
    lesion = F.binary_cross_entropy_with_logits(logits, torch.ones_like(label), reduction="none")
    skin = F.binary_cross_entropy_with_logits(logits, torch.zeros_like(label), reduction="none")
    return (positive * label * lesion + negative * (1 - label) * skin).mean()


def _weight(n_class: Float[Tensor, ""], total: int, *, both: Tensor) -> Float[Tensor, ""]:
    alone = (n_class > 0).to(n_class.dtype)
    return torch.where(both, total / (2 * n_class.clamp(min=1)), alone)
