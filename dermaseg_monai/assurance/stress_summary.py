"""The result of a stress test: curves, what hurts most, the worst cases, and who took no part."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from dermaseg_monai.assurance.curve import Curve, make_curve
from dermaseg_monai.assurance.stress_row import StressRow
from dermaseg_monai.assurance.worst import Worst, worst_cases
from dermaseg_monai.data.stressors import Stressor
from dermaseg_monai.manifest import Case, group_of_case

_CONFIDENCE: Final = 0.95
_DRAWS: Final = 2000


@dataclass(frozen=True)
class StressSummary:
    """Curves in the order of the stressors, and what can be read from them.

    Attributes:
        curves: one per stressor.
        worst: per stressor the cases whose Dice fell most.
        failed: case id to reason, of cases that are missing in at least one curve.
        confidence: of the intervals.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """

    curves: tuple[Curve, ...]
    worst: tuple[Worst, ...]
    failed: Mapping[str, str]
    confidence: float
    draws: int
    seed: int

    @property
    def ranking(self) -> tuple[Curve, ...]:
        """The curves, what hurts most first: by the drop in Dice averaged over the levels."""
        return tuple(sorted(self.curves, key=lambda curve: (-curve.mean_drops["dice"].mean, curve.stressor)))

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers and texts; it holds no NaN."""
        return {**asdict(self), "ranking": [curve.stressor for curve in self.ranking]}


def summarise_stress(
    rows: Sequence[StressRow],
    *,
    stressors: Sequence[Stressor],
    cases: Sequence[Case],
    seed: int,
) -> StressSummary:
    """Summarise the rows of a stress test.

    Args:
        rows: of all steps.
        stressors: whose curves are wanted.
        cases: all of the manifest; what they share makes the groups of the bootstrap, for a case that was not tested
            may be what ties two that were.
        seed: of the bootstrap.
    """
    groups = group_of_case(cases)
    made = [
        make_curve(stressor, rows, groups=groups, confidence=_CONFIDENCE, draws=_DRAWS, seed=seed)
        for stressor in stressors
    ]
    failed: dict[str, str] = {}
    for row in rows:
        if not row.ok:
            failed.setdefault(row.case_id, row.reason)
    return StressSummary(
        curves=tuple(curve for curve in made if curve is not None),
        worst=worst_cases(rows),
        failed=failed,
        confidence=_CONFIDENCE,
        draws=_DRAWS,
        seed=seed,
    )
