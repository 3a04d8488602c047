"""The tolerance of the surface Dice of evaluations that are compared: one for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics import CaseScore


@dataclass(frozen=True)
class Tolerance:
    """How far a contour pixel may lie from the other contour."""

    value: float
    unit: Literal["px", "mm"]

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


def tolerance_of(run: Mapping[str, Any], rows: Sequence[CaseScore]) -> Tolerance | None:
    """Return what the `run.json` of an evaluation says, None where it does not or where contours were not scored.

    An evaluation has it in the sheet (`config`), a mean of predictions in `about`.
    """
    if all(row.surface_dice is None for row in rows):
        return None
    unit = "px" if any(row.hd95_px is not None for row in rows) else "mm"
    for part in (run.get("config"), run.get("about")):
        value = part.get(f"tolerance_{unit}") if isinstance(part, Mapping) else None
        if isinstance(value, int | float):
            return Tolerance(float(value), unit)
    return None


def require_one_tolerance(found: Mapping[str, Tolerance | None]) -> None:
    """Refuse evaluations whose surface Dice are of different tolerances; those that state none are believed.

    Raises:
        DataError: two differ; names both.
    """
    stated = [(name, one) for name, one in found.items() if one is not None]
    for name, one in stated[1:]:
        first, its = stated[0]
        if one != its:
            raise DataError(
                f"The surface Dice of {first} is within {its}, that of {name} within {one}: these are not one score. "
                f"Evaluate both alike: --tolerance_{its.unit} {its.value:g}."
            )


def tolerance_words(found: Mapping[str, Tolerance | None]) -> str:
    """Return the sentence of a page: the tolerance, and which evaluations do not state it."""
    stated = {str(one) for one in found.values() if one is not None}
    if not stated:
        return "The tolerance of the surface Dice is stated by none of them."
    silent = [name for name, one in found.items() if one is None]
    unsaid = f" (not stated by {', '.join(silent)})" if silent else ""
    return f"Surface Dice: contours within {stated.pop()}{unsaid}."
