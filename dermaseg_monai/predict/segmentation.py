"""What a network makes of one photograph."""

from dataclasses import dataclass
from functools import cached_property

from dermaseg_monai.arrays import BoolMask, Probability
from dermaseg_monai.metrics import ProbabilitySums


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Mask and maps of one photograph, all "h w" as the photograph is when it stands upright.

    Attributes:
        probability: of lesion, per pixel.
        threshold: a pixel is lesion where the probability is at least this.
        uncertainty: where the network expects to be wrong, in [0, 1]; None where it has no such head.
        boundary: where it sees the contour, in [0, 1]; None where it has no such head.
    """

    probability: Probability
    threshold: float
    uncertainty: Probability | None = None
    boundary: Probability | None = None

    @cached_property
    def mask(self) -> BoolMask:
        """True where the lesion is."""
        return self.probability >= self.threshold

    @cached_property
    def predicted_dice(self) -> float:
        """The Dice that the mask can expect, in [0, 1]: good for an order, not as a number (`ProbabilitySums`)."""
        return ProbabilitySums.of(self.probability, threshold=self.threshold).predicted_dice

    @property
    def lesion_fraction(self) -> float:
        """Share of the photograph that is lesion, in [0, 1]."""
        return float(self.mask.mean())
