"""Which consensus is wanted, and all of them of one case, to be compared."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from dermaseg_monai.agreement.consensus_methods import (
    Mask,
    Share,
    Tie,
    above_half,
    majority,
    soft_mean,
    weighted_mean,
)
from dermaseg_monai.agreement.shape_mean import shape_average
from dermaseg_monai.agreement.staple_consensus import Staple, staple
from dermaseg_monai.agreement.tied_vote import TiedVoteError
from dermaseg_monai.errors import ConfigError

Method: TypeAlias = Literal["majority", "staple", "mean", "shape", "weighted"]
Spacing: TypeAlias = tuple[float, ...] | None

STAPLE_ITERATIONS: Final = 10_000
"""Far above what was ever needed (665 for two lesions that share no pixel); SimpleITK stops on its own before."""

STAPLE: Final = "STAPLE"
UNION: Final = "majority, ties lesion"
OVERLAP: Final = "majority, ties skin"


@dataclass(frozen=True)
class ConsensusRule:
    """How readers become one mask.

    Attributes:
        method: majority vote; STAPLE, soft mean or weighted mean above a half; shape average.
        tie: what exactly a half means.
        weights: of every annotator, for `weighted`.

    Raises:
        ConfigError: `weighted` without weights, or another method with them.
    """

    method: Method
    tie: Tie
    weights: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if (self.weights is None) == (self.method == "weighted"):
            does = "needs --weights CSV (or pooled)" if self.weights is None else "takes no --weights"
            raise ConfigError(f"--method {self.method} {does}.")

    @property
    def words(self) -> str:
        """Method and tie rule, as the manifest names them."""
        return f"{self.method} (ties {self.tie})"


@dataclass(frozen=True)
class Estimate:
    """A consensus: the mask, and what it was cut from where that says more."""

    mask: Mask
    probability: Share | None = None
    staple: Staple | None = None


def consensus(masks: Sequence[Mask], annotators: Sequence[str], rule: ConsensusRule, *, spacing: Spacing) -> Estimate:
    """Return the consensus of the outlines of one case.

    Args:
        masks: boolean, on one grid.
        annotators: who drew each.
        rule: how.
        spacing: of the shape average, see there.

    Raises:
        TiedVoteError: half against half, and the tie rule is `refuse`.
        MissingExtraError: STAPLE without SimpleITK.
        ConfigError: no reader of the case has a weight above 0.
    """
    if rule.method == "staple":
        found = staple(masks, max_iterations=STAPLE_ITERATIONS)
        return Estimate(above_half(found.probability, tie=rule.tie), found.probability, found)
    if rule.method == "shape":
        return Estimate(shape_average(masks, tie=rule.tie, spacing=spacing))
    share = soft_mean(masks) if rule.weights is None else _weighted(masks, annotators, rule.weights)
    return Estimate(above_half(share, tie=rule.tie), None if rule.method == "majority" else share)


def every_consensus(
    masks: Sequence[Mask], annotators: Sequence[str], rule: ConsensusRule, *, spacing: Spacing, with_staple: bool
) -> dict[str, Mask | Share]:
    """Return what each method makes of a case, by its name; the soft mean (and the weighted, with weights) uncut.

    Shape average and STAPLE are left out where they are tied and ties are refused.
    """
    share = soft_mean(masks)
    found: dict[str, Mask | Share] = {UNION: majority(masks, tie="lesion"), OVERLAP: majority(masks, tie="skin")}
    found["soft mean"] = share
    with suppress(TiedVoteError):
        found["shape average"] = shape_average(masks, tie=rule.tie, spacing=spacing)
    if with_staple:
        probability = staple(masks, max_iterations=STAPLE_ITERATIONS).probability
        with suppress(TiedVoteError):
            found[STAPLE] = above_half(probability, tie=rule.tie)
    if rule.weights is not None:
        found["weighted mean"] = _weighted(masks, annotators, rule.weights)
    return found


def soft_dice(one: Mask | Share, other: Mask | Share, *, both_empty: float) -> float:
    """Return 2 Σ min(p, q) / (Σp + Σq), in [0, 1]: the Dice of masks where both are masks.

    Two empty ones score `both_empty`. Source: Crum, Camara and Hill 2006 (10.1109/TMI.2006.880587), eq. 4 as Dice.
    """
    total = _mass(one) + _mass(other)
    return both_empty if total == 0 else 2 * _mass(np.minimum(one, other)) / total


def _mass(share: Mask | Share) -> float:
    # counting is much faster than adding up
    return float(np.count_nonzero(share) if share.dtype == np.bool_ else share.sum())


def _weighted(masks: Sequence[Mask], annotators: Sequence[str], weights: Mapping[str, float]) -> Share:
    given = [weights[name] for name in annotators]
    if not any(given):
        raise ConfigError(f"all of its readers ({', '.join(annotators)}) have weight 0. Change --weights.")
    return weighted_mean(masks, weights=given)
