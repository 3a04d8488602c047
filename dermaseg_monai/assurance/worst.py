"""The cases that lost most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dermaseg_monai.assurance.stress_row import UNDISTURBED, StressRow

_EACH: Final = 2


@dataclass(frozen=True)
class Worst:
    """A case at the level of a stressor at which its Dice fell most."""

    case_id: str
    stressor: str
    step: int
    level: float
    dice_before: float
    dice_after: float

    @property
    def drop(self) -> float:
        """How far Dice fell, in (0, 1]."""
        return self.dice_before - self.dice_after


def worst_cases(rows: Sequence[StressRow], *, each: int = _EACH) -> tuple[Worst, ...]:
    """Return for every stressor up to `each` cases, each at its worst level, the largest drop in Dice first.

    Stressors come in the order of the rows; ties go to the weaker level and the earlier id. A case that lost nothing
    is no worst case.
    """
    before = {row.case_id: row.dice for row in rows if row.stressor == UNDISTURBED and row.dice is not None}
    found: dict[str, dict[str, Worst]] = {row.stressor: {} for row in rows if row.stressor != UNDISTURBED}
    for row in rows:
        if row.stressor == UNDISTURBED or row.dice is None or row.level is None or row.case_id not in before:
            continue
        one = Worst(row.case_id, row.stressor, row.step, row.level, before[row.case_id], row.dice)
        held = found[row.stressor].get(row.case_id)
        if one.drop > 0 and (held is None or one.drop > held.drop):
            found[row.stressor][row.case_id] = one
    chosen = (sorted(cases.values(), key=lambda one: (-one.drop, one.case_id))[:each] for cases in found.values())
    return tuple(one for group in chosen for one in group)
