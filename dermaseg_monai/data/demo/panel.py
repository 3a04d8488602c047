"""Five simulated readers with known faults, for a study of agreement: who draws how is known, so it can be found."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from dermaseg_monai.data.demo.annotators import Annotator
from dermaseg_monai.data.demo.plan import Shot

_FIRST_DAY = date(2026, 1, 5)
_A_DAY = 4
_DRIFT_PX = 9.0
_COPIED_EVERY = 8


@dataclass(frozen=True)
class Sitting:
    """One reader at one picture: who, on which day (ISO 8601), and whose mask is handed in where it is not the own."""

    annotator: Annotator
    date: str
    hands_in: str | None = None


PANEL = (
    Annotator("steady", "polygon", "expert", margin_px=0.3, wobble_px=0.9, wobble_cell_px=18.0, rounding_px=1.0),
    Annotator("tight", "polygon", "expert", margin_px=-4.0, wobble_px=0.9, wobble_cell_px=18.0, rounding_px=1.0),
    Annotator("loose", "brush", "expert", margin_px=6.0, wobble_px=0.9, wobble_cell_px=26.0, rounding_px=1.5),
    Annotator("drifting", "polygon", "novice", margin_px=0.0, wobble_px=0.9, wobble_cell_px=18.0, rounding_px=1.0),
    Annotator(
        name="hasty",
        tool="brush",
        skill="novice",
        margin_px=0.3,
        wobble_px=1.8,
        wobble_cell_px=14.0,
        rounding_px=1.2,
        misses_satellites=0.9,
        includes_hair=0.5,
    ),
)
"""`steady` keeps to the border, `tight` and `loose` stay inside and outside it, `drifting` does from the middle of the
study on run further and further outside, `hasty` misses satellites, takes hair for lesion and sometimes hands in the
mask of `steady`."""


def panel_of(shot: Shot, n: int) -> tuple[Sitting, ...]:
    """Return four of the five readers for one of `n` pictures: they leave one out in turn, and do four a day."""
    day = (_FIRST_DAY + timedelta(days=shot.number // _A_DAY)).isoformat()
    late = max(0.0, 2 * shot.number / n - 1)
    absent = shot.number % len(PANEL)
    found: list[Sitting] = []
    for at, one in enumerate(PANEL):
        if at == absent:
            continue
        reader = replace(one, margin_px=one.margin_px + _DRIFT_PX * late) if one.name == "drifting" else one
        copies = one.name == "hasty" and PANEL[absent].name != "steady" and shot.number % _COPIED_EVERY == 1
        found.append(Sitting(reader, day, "steady" if copies else None))
    return tuple(found)
