"""How often a bound of Dice held where somebody has drawn a reference after all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dermaseg_monai.assurance import DiceBound
from dermaseg_monai.metrics.bootstrap import group_codes, mean_bounds
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.metrics.interval_text import bracketed

_DRAWS: Final = 2000
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class BoundCheck:
    """The scored photographs of a prediction against the bounds that they were given.

    Attributes:
        held: photographs whose Dice is at least the bound.
        cases: photographs that were checked.
        interval: 95 % interval of held / cases over lesions and patients; None where all are of one, or there are none.
        tied: those left out, because the bound was learned from them or from their lesion or patient.
    """

    held: int
    cases: int
    interval: tuple[float, float] | None
    tied: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """What a person is told."""
        lines: list[str] = []
        if self.tied:
            found = (
                f"{len(self.tied)} scored photographs are among those it was learned from, or share a lesion or patient"
            )
            lines.append(f"{found} with them, and do not test it, first {self.tied[0]}.")
        if self.cases:
            who = "The other scored photographs" if self.tied else "These photographs were scored"
            share = bracketed(self.held / self.cases, *(self.interval or (None, None)))
            lines.append(f"{who}: it held in {self.held} of {self.cases}, {share}.")
        return lines


def check_bound(
    bound: DiceBound, scored: Sequence[CaseRow], groups: Mapping[str, str], learned: Sequence[str]
) -> BoundCheck:
    """Compare every photograph that the bound was not learned from.

    Args:
        bound: of which is asked.
        scored: rows with `dice` and `predicted_dice`.
        groups: case id to lesion or patient, of these and of those that it was learned from.
        learned: ids of the latter.
    """
    taught = {groups[name] for name in learned}
    tied = tuple(row.case_id for row in scored if groups[row.case_id] in taught)
    free = [row for row in scored if groups[row.case_id] not in taught]
    if not free:
        return BoundCheck(0, 0, None, tied)
    held = np.array([[float(row.scores["dice"] >= bound.at_least(row.scores["predicted_dice"]))] for row in free])
    codes = group_codes([row.case_id for row in free], groups)
    ((low, high),) = mean_bounds(held, codes, confidence=_CONFIDENCE, draws=_DRAWS, seed=0)
    interval = None if low is None or high is None else (low, high)
    return BoundCheck(int(held.sum()), len(free), interval, tied)
