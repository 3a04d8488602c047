"""The Dice that a mask can expect, from the probabilities alone."""

from dataclasses import dataclass

import numpy as np

from dermaseg_monai.arrays import Probability


@dataclass(frozen=True)
class ProbabilitySums:
    """What a probability map adds up to; the sums of two parts of a map are those of the whole.

    Attributes:
        inside: sum of the probabilities of the mask's pixels.
        whole: sum of all probabilities.
        mask_px: pixels (voxels) of the mask.
    """

    inside: float
    whole: float
    mask_px: int

    @classmethod
    def of(cls, probability: Probability, *, threshold: float) -> "ProbabilitySums":
        """Add up a map; the mask is where the probability is at least `threshold`."""
        mask = probability >= threshold
        inside = float(probability[mask].sum(dtype=np.float64))
        return cls(inside, float(probability.sum(dtype=np.float64)), int(mask.sum()))

    def __add__(self, other: "ProbabilitySums") -> "ProbabilitySums":
        return ProbabilitySums(self.inside + other.inside, self.whole + other.whole, self.mask_px + other.mask_px)

    @property
    def predicted_dice(self) -> float:
        """2 Σ p m / (Σ p + Σ m), in [0, 1]: near 1 where the network is sure, also where it is surely wrong.

        An empty mask has 0 unless every probability is 0, then 1. It ranks pictures by how good their outlines will be,
        as well as the probabilities are calibrated; no reference takes part. Source: arXiv:2402.10665 (soft Dice
        confidence).
        """
        total = self.whole + self.mask_px
        return 1.0 if total == 0 else 2 * self.inside / total
