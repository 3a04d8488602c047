"""The unit of a study: outlines of photographs are measured in pixels, those of volumes in millimetres."""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from dermaseg_monai.agreement.reading import ReadCase
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import is_volume

Unit: TypeAlias = Literal["px", "mm"]
Spacing: TypeAlias = tuple[float, ...] | None
"""Size of a voxel in mm along each axis; None for a photograph, which is measured in pixels."""

_OF_PICTURES: Final = frozenset({"area_px", "area_a_px", "hd95_px", "assd_px", "offset_px"})
_OF_VOLUMES: Final = frozenset({"volume_mm3", "volume_a_mm3", "hd95_mm", "assd_mm", "offset_mm"})


def unit_of(cases: Iterable[ReadCase]) -> Unit:
    """Return mm where the outlines are volumes, px where they are pictures.

    Raises:
        DataError: some are the one and some the other.
    """
    places = [reading.mask for case in cases for reading in case.readings]
    volumes = [place for place in places if is_volume(place)]
    if volumes and len(volumes) < len(places):
        picture = next(place for place in places if not is_volume(place))
        raise DataError(
            f"{len(volumes)} outlines are volumes, first {volumes[0].name}, and {len(places) - len(volumes)} pictures, "
            f"first {picture.name}: millimetres and pixels do not go into one mean. Measure them apart."
        )
    return "mm" if volumes else "px"


def tolerance_in(unit: Unit, *, tolerance_px: float | None, tolerance_mm: float | None) -> float:
    """Return the tolerance of surface Dice that goes with the unit.

    Raises:
        ConfigError: it is not there, or the other one is given.
    """
    given, other = (tolerance_px, tolerance_mm) if unit == "px" else (tolerance_mm, tolerance_px)
    if given is None or other is not None:
        raise wrong_tolerance(unit)
    return given


def wrong_tolerance(unit: Unit) -> ConfigError:
    """Return what is said where the tolerance is missing or in the other unit."""
    if unit == "mm":
        return ConfigError(
            "The outlines are volumes, measured in mm: give the tolerance of surface Dice with --tolerance-mm, "
            "as in --tolerance-mm 0.2, and no --tolerance-px."
        )
    return ConfigError(
        "The outlines are pictures, measured in pixels: give the tolerance of surface Dice with --tolerance-px, "
        "as in --tolerance-px 2, and no --tolerance-mm."
    )


def named_in(unit: Unit, name: str) -> str:
    """Return what a column of pictures is called in a study of this unit: area_px is volume_mm3, hd95_px is hd95_mm."""
    if unit == "px" or not name.endswith("_px"):
        return "log_volume_ratio" if (unit, name) == ("mm", "log_area_ratio") else name
    stem = name.removesuffix("_px")
    return f"{stem.replace('area', 'volume')}_mm3" if "area" in stem else f"{stem}_mm"


def unit_of_columns(names: Iterable[object]) -> Unit:
    """Return the unit of a table by the names of the columns that this package has measured.

    Others, such as an attribute `thickness_mm` of a photograph, say nothing.
    """
    there = set(names)
    return "mm" if there & _OF_VOLUMES and not there & _OF_PICTURES else "px"


def unit_of_spacing(spacing_mm: Spacing) -> Unit:
    """Return mm where there is a spacing."""
    return "px" if spacing_mm is None else "mm"
