"""Weights that let a rare class count as much as a common one."""

import torch
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


def _weight(n_class: Float[Tensor, ""], total: int, *, both: Tensor) -> Float[Tensor, ""]:
    alone = (n_class > 0).to(n_class.dtype)
    return torch.where(both, total / (2 * n_class.clamp(min=1)), alone)
