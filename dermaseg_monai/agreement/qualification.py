"""Does a trainee draw well enough to begin: a few criteria, each with its limit, its value and its reason."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

_DIGITS: Final = 9
"""A mean that is at its limit on paper is met whatever the order in which a computer adds."""


@dataclass(frozen=True)
class Limits:
    """What a trainee must reach.

    Attributes:
        min_cases: cases with a usable mask, at least.
        min_dice: mean Dice, at least.
        low_dice: a case below it is poor.
        max_low_share: share of poor cases, at most.
        max_offset_percent: mean over cases of the boundary offset without its sign, in per cent of the diameter.
    """

    min_cases: int
    min_dice: float
    low_dice: float
    max_low_share: float
    max_offset_percent: float


@dataclass(frozen=True)
class Criterion:
    """One of the conditions: what is asked, what was found, and, where it fails, why."""

    name: str
    asked: str
    found: str
    passed: bool
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """All criteria; a trainee passes who meets every one."""

    criteria: tuple[Criterion, ...]

    @property
    def passed(self) -> bool:
        """Every criterion is met."""
        return all(criterion.passed for criterion in self.criteria)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not, a sentence per failed criterion."""
        return tuple(criterion.reason for criterion in self.criteria if not criterion.passed)

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return {"passed": self.passed, "criteria": [asdict(criterion) for criterion in self.criteria]}


def qualify(scores: pd.DataFrame, limits: Limits) -> Verdict:
    """Return the verdict on a table of `score_trainee`.

    Without a usable mask there is no mean, and every criterion that needs one fails.
    """
    usable = scores[scores["dice"].notna()]
    lost = scores[scores["dice"].isna()]
    missed = usable[usable["missed"].astype(bool)]
    enough, n = len(usable) >= limits.min_cases, len(usable)
    usable_masks = Criterion(
        "usable masks", "every mask", f"{n} of {len(scores)}", lost.empty,
        "" if lost.empty else f"{len(lost)} masks cannot be scored, first {lost['unusable'].iloc[0].rstrip('.')}.",
    )  # fmt: skip
    cases = Criterion(
        "cases", f"at least {limits.min_cases}", f"{n}", enough, f"{n} cases are scored; {limits.min_cases} are needed."
    )
    no_miss = Criterion(
        "missed lesions", "none", f"{len(missed)}", missed.empty,
        "" if missed.empty else f"{len(missed)} lesions are missed, first that of {missed['case_id'].iloc[0]}.",
    )  # fmt: skip
    return Verdict(
        (cases, usable_masks, _mean_dice(usable, limits), _low(usable, limits), _offset(usable, limits), no_miss)
    )


def _mean_dice(usable: pd.DataFrame, limits: Limits) -> Criterion:
    asked = f"at least {limits.min_dice:.3f}"
    if usable.empty:
        return Criterion("mean Dice", asked, "no case", passed=False, reason="Mean Dice is not known.")
    mean = round(float(usable["dice"].mean()), _DIGITS)
    reason = f"Mean Dice {mean:.4f} is below {limits.min_dice:.3f}."
    return Criterion("mean Dice", asked, f"{mean:.4f}", mean >= limits.min_dice, reason)


def _low(usable: pd.DataFrame, limits: Limits) -> Criterion:
    name, asked = f"cases with Dice below {limits.low_dice:.2f}", f"at most {limits.max_low_share:.1%}"
    if usable.empty:
        return Criterion(name, asked, "no case", passed=False, reason="The share of poor cases is not known.")
    low = usable[usable["dice"] < limits.low_dice]
    share = len(low) / len(usable)
    worst = "" if low.empty else str(low.sort_values("dice")["case_id"].iloc[0])
    reason = f"{len(low)} of {len(usable)} cases ({share:.1%}) have Dice below {limits.low_dice:.2f}, worst {worst}."
    return Criterion(name, asked, f"{share:.1%}", share <= limits.max_low_share, reason)


def _offset(usable: pd.DataFrame, limits: Limits) -> Criterion:
    name, asked = "boundary offset (mean, unsigned)", f"at most {limits.max_offset_percent:.1f}% of the diameter"
    offsets = usable["offset_percent"].dropna().astype(float)
    if offsets.empty:
        return Criterion(name, asked, "no case", passed=False, reason="The boundary offset is not known.")
    size, signed = round(float(offsets.abs().mean()), _DIGITS), float(offsets.mean())
    habit = "too wide" if signed > 0 else "too tight"
    found = f"{size:.2f}% (signed {signed:+.2f}%)"
    reason = f"Outlines lie {size:.2f}% of the diameter off, on the whole {habit} ({signed:+.2f}%)."
    return Criterion(name, asked, found, size <= limits.max_offset_percent, reason)
