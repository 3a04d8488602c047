"""How low Dice may be where nobody has drawn a reference, learned from photographs where somebody has."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics.least_groups import LEAST_GROUPS

_LEAST_SPREAD: Final = 0.01
"""A network that says 1 is given a spread of one hundredth; chosen before any test image was looked at."""


@dataclass(frozen=True)
class DiceBound:
    """A lower bound of Dice for a `predicted_dice`, by split conformal prediction.

    With p the predicted Dice and d the Dice against a reference, a photograph is worse than promised by the score
    (p - d) / (1 - p + 0.01): a network that is sure of itself may be wrong by little. The bound is
    p - q (1 - p + 0.01), with q the ⌈(n + 1) c⌉-th smallest of n scores, clipped to [0, 1]. For photographs that are
    exchangeable with those of the calibration (same source, same people who draw) Dice is at least the bound with
    probability c or more, whatever the network; for others nothing is promised. This is so over all of them together:
    among those of one kind, such as a low predicted Dice, the bound may hold less often. Photographs of one
    lesion or patient are one score, their worst. Source: arXiv:1604.04173 (split conformal, locally weighted; our
    spread is 1 - p).

    Attributes:
        confidence: c, in (0, 1).
        worst: q.
        middle: the median of the scores, for the Dice that half of the photographs reach.
        cases: photographs of the calibration.
        groups: n, lesions or patients among them.
    """

    confidence: float
    worst: float
    middle: float
    cases: int
    groups: int

    @classmethod
    def fit(
        cls,
        predicted: Sequence[float],
        dice: Sequence[float],
        groups: Sequence[Hashable],
        *,
        confidence: float,
    ) -> "DiceBound":
        """Learn the bound; one entry per photograph.

        Raises:
            DataError: there are fewer groups than a bound of this confidence needs.
        """
        score: dict[Hashable, float] = {}
        every: list[float] = []
        for promised, found, group in zip(predicted, dice, groups, strict=True):
            worse = (promised - found) / _spread(promised)
            every.append(worse)
            score[group] = max(worse, score.get(group, -math.inf))
        rank = math.ceil((len(score) + 1) * confidence)
        if len(score) < LEAST_GROUPS or rank > len(score):
            needed = max(LEAST_GROUPS, math.ceil(confidence / (1 - confidence)))
            raise DataError(
                f"A bound that holds in {100 * confidence:g} % needs {needed} lesions or patients with a reference, "
                f"there are {len(score)}. Evaluate more of them, or ask for less: --confidence."
            )
        ordered = sorted(score.values())
        return cls(confidence, ordered[rank - 1], float(np.median(every)), len(every), len(score))

    def at_least(self, predicted: float) -> float:
        """Return the bound of a photograph with this predicted Dice."""
        return _clipped(predicted - self.worst * _spread(predicted))

    def expected(self, predicted: float) -> float:
        """Return the bound that every other photograph keeps."""
        return _clipped(predicted - self.middle * _spread(predicted))


def _spread(predicted: float) -> float:
    return 1 - predicted + _LEAST_SPREAD


def _clipped(dice: float) -> float:
    return min(1.0, max(0.0, dice))
