"""The tolerance of surface Dice that commands of `dermaseg agreement` are given: pixels or millimetres."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from dermaseg_monai.errors import ConfigError

if TYPE_CHECKING:
    from dermaseg_monai.agreement.reading import ReadCase
    from dermaseg_monai.agreement.unit import Unit

AUTO: Final = "auto"
_DEFAULT_PX: Final = 2.0
_REPEAT_QUANTILE: Final = 0.95


def number_of(text: str | None, option: str) -> float | None:
    """Return the number of an option, None for `auto` and where it is not given.

    Raises:
        ConfigError: it is no length.
    """
    if text is None or text == AUTO:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        unit = "pixels" if option.endswith("px") else "millimetres"
        raise ConfigError(f"{option} is {text!r}, but it is a number of {unit} from 0, or auto.")
    return value


def tolerance_for(
    cases: "Sequence[ReadCase]", *, tolerance_px: str | None, tolerance_mm: str | None
) -> "tuple[Unit, float, list[str]]":
    """Return the unit of the outlines, the tolerance in it, and what is said of where it comes from.

    Pictures have 2 px where nothing is given; of volumes no tolerance is usual for ultrasound and CT alike.

    Raises:
        ConfigError: it is no length, in the other unit, or lacks for volumes.
        DataError: pictures among volumes, or `auto` without anybody who drew a case twice.
    """
    from dermaseg_monai.agreement.tolerance import repeat_tolerance  # noqa: PLC0415
    from dermaseg_monai.agreement.unit import unit_of, wrong_tolerance  # noqa: PLC0415

    unit = unit_of(cases)
    in_px, in_mm = number_of(tolerance_px, "--tolerance-px"), number_of(tolerance_mm, "--tolerance-mm")
    text, other, value = (tolerance_px, tolerance_mm, in_px) if unit == "px" else (tolerance_mm, tolerance_px, in_mm)
    if other is not None or (text is None and unit == "mm"):
        raise wrong_tolerance(unit)
    if text is None:
        return unit, _DEFAULT_PX, []
    if value is not None:
        return unit, value, []
    found = repeat_tolerance(cases, quantile=_REPEAT_QUANTILE)
    return unit, found.value, [found.note()]
