"""What a person made of the outline of a network."""

from dataclasses import dataclass

import numpy as np

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.metrics import overlap

BOTH_EMPTY = 1.0
"""Dice where the network drew nothing and the person says that there is no lesion: they agree."""


@dataclass(frozen=True, eq=False)
class Correction:
    """An answer beside what was asked.

    Attributes:
        case_id: as in the prediction folder.
        reviewer: who answered.
        created_at: ISO 8601.
        mask: the lesion as the reviewer submitted it.
        predicted: as the network drew it, None where it gave no outline.
    """

    case_id: str
    reviewer: str
    created_at: str
    mask: BoolMask
    predicted: BoolMask | None

    @property
    def dice(self) -> float | None:
        """Dice of prediction and answer, in [0, 1]; 1 where both are empty, None where nothing was predicted."""
        if self.predicted is None:
            return None
        return overlap.dice(overlap.counts(self.predicted, self.mask), both_empty=BOTH_EMPTY)

    @property
    def changed_px(self) -> int | None:
        """Pixels that are lesion in one of the two alone; None where nothing was predicted."""
        return None if self.predicted is None else int(np.count_nonzero(self.predicted ^ self.mask))

    @property
    def accepted(self) -> bool | None:
        """The outline of the network was submitted unchanged; None where nothing was predicted."""
        return None if self.changed_px is None else self.changed_px == 0

    def row(self, file: str) -> dict[str, object]:
        """Return the row of `reviews.csv`; `file` is where the mask lies."""
        dice = self.dice
        return {
            "case_id": self.case_id,
            "reviewer": self.reviewer,
            "created_at": self.created_at,
            "file": file,
            "dice": None if dice is None else round(dice, 6),
            "changed_px": self.changed_px,
            "before_px": None if self.predicted is None else int(np.count_nonzero(self.predicted)),
            "after_px": int(np.count_nonzero(self.mask)),
            "accepted": self.accepted,
        }
