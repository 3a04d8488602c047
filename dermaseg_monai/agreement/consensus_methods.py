"""One mask, or one map of probabilities, out of the outlines that several readers drew of one lesion."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Bool, Float

from dermaseg_monai.agreement.tied_vote import TiedVoteError

Tie: TypeAlias = Literal["lesion", "skin", "refuse"]
"""What a pixel is that exactly half of the votes call lesion; `refuse`: such a pixel leaves the case undecided."""

Mask: TypeAlias = Bool[np.ndarray, "..."]
Share: TypeAlias = Float[np.ndarray, "..."]

_HALF = 0.5
_ROUNDING = 1e-9
"""Sums of weights such as 0.1 + 0.2 miss 0.3 by less."""


def soft_mean(masks: Sequence[Mask]) -> Share:
    """Return the share of readers, in [0, 1], who call each pixel lesion.

    Raises:
        ValueError: no mask, one that is not boolean, or masks on different grids.
    """
    return _stacked(masks).mean(axis=0, dtype=np.float64)


def weighted_mean(masks: Sequence[Mask], *, weights: Sequence[float]) -> Share:
    """Return Σ w·mask / Σ w per pixel, in [0, 1]: the soft mean with readers who count differently.

    Raises:
        ValueError: not one weight per mask, a weight that is negative or not finite, or none above 0.
    """
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (len(masks),) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise ValueError(f"{len(masks)} masks need as many weights of 0 or more, one above 0; got {list(weights)}.")
    return np.tensordot(given / given.sum(), _stacked(masks).astype(np.float64), axes=1)


def majority(masks: Sequence[Mask], *, tie: Tie) -> Mask:
    """Return the pixels that more than half of the readers call lesion; `tie` says what exactly half means.

    With two readers every pixel they differ on is a tie: `lesion` gives their union, `skin` their overlap.

    Raises:
        TiedVoteError: `tie` is `refuse` and there are tied pixels.
        ValueError: as `soft_mean`.
    """
    return above_half(soft_mean(masks), tie=tie)


def above_half(share: Share, *, tie: Tie) -> Mask:
    """Return the pixels whose share of the votes is above a half, those of exactly a half as `tie` says.

    Raises:
        TiedVoteError: `tie` is `refuse` and there are tied pixels.
    """
    tied = np.abs(share - _HALF) <= _ROUNDING
    if tie == "refuse" and tied.any():
        raise TiedVoteError(int(np.count_nonzero(tied)))
    lesion = (share > _HALF) & ~tied
    return lesion | tied if tie == "lesion" else lesion


def _stacked(masks: Sequence[Mask]) -> Bool[np.ndarray, "..."]:
    if not masks:
        raise ValueError("There is no mask. A consensus needs the outlines of at least one reader.")
    if any(mask.dtype != np.bool_ for mask in masks):
        raise ValueError(f"A mask is an array of bool; got {', '.join(str(mask.dtype) for mask in masks)}.")
    if len({mask.shape for mask in masks}) > 1:
        raise ValueError(f"The masks lie on different grids: {', '.join(str(mask.shape) for mask in masks)}.")
    return np.stack(masks)
