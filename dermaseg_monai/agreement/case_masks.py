"""The outlines of one case, read on one grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from dermaseg_monai.agreement.reading import ReadCase, Reading
from dermaseg_monai.agreement.unit import Spacing
from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import is_volume, measure, place_difference, read_mask, spacing_of

Mask = Bool[np.ndarray, "..."]


@dataclass(frozen=True, eq=False)
class CaseMasks:
    """The usable outlines of a case.

    Attributes:
        readings: who drew them.
        masks: in the same order, on one grid.
        spacing_mm: of their voxels; None for pictures and where there is no mask.
        failures: why an outline takes no part, one line each.
    """

    readings: tuple[Reading, ...]
    masks: list[Mask]
    spacing_mm: Spacing
    failures: tuple[str, ...]


def read_case_masks(case: ReadCase) -> CaseMasks:
    """Read the outlines of a case that lie on one grid; the others are failures.

    The grid is that of the picture where it is known, else the one that most outlines have (the first of equally
    many). Volumes have one grid only where shape, spacing and affine are the same: equal shapes alone would compare
    voxels of different places.
    """
    read: list[tuple[Reading, Mask]] = []
    failures: list[str] = []
    for reading in case.readings:
        try:
            read.append((reading, read_mask(reading.mask)))
            if is_volume(reading.mask):
                spacing_of(reading.mask)
        except ImageError as error:
            # by its name alone: the line stands on the page, which is passed on
            why = str(error).replace(str(reading.mask), reading.mask.name)
            failures.append(f"{case.id}, {reading.annotator}: {why}")
    kept, lost = _on_one_grid(case, read)
    spacing_mm = spacing_of(kept[0][0].mask) if kept and is_volume(kept[0][0].mask) else None
    return CaseMasks(tuple(reading for reading, _ in kept), [mask for _, mask in kept], spacing_mm, (*failures, *lost))


def grid_difference(one: Path, mask: Mask, other: Path, other_mask: Mask, *, whose: str) -> str:
    """Return in words how the second mask lies on another grid than the first, empty where they share one."""
    if is_volume(one) and is_volume(other):
        return _has(place_difference(one, other, whose=whose))
    return (
        "" if mask.shape == other_mask.shape else f"is {_size(other_mask.shape)}, that of {whose} {_size(mask.shape)}"
    )


def _on_one_grid(case: ReadCase, read: Sequence[tuple[Reading, Mask]]) -> tuple[list[tuple[Reading, Mask]], list[str]]:
    differences = _differences(case, read)
    kept = [one for one, words in zip(read, differences, strict=True) if not words]
    lost = [
        f"{case.id}: the mask of {reading.annotator} {words} ({reading.mask.name}). Outlines of one case need one grid."
        for (reading, _), words in zip(read, differences, strict=True)
        if words
    ]
    return kept, lost


def _differences(case: ReadCase, read: Sequence[tuple[Reading, Mask]]) -> list[str]:
    """Return how each mask lies on another grid than the one that counts; empty where it does not."""
    found = _picture_differences(case.image, read)
    if found is not None:
        return found
    found = [_size_difference(case.grid, mask) for _, mask in read]
    # a size that was noted says nothing of where a volume lies
    rest = [at for at, words in enumerate(found) if not words]
    for at, words in zip(rest, _majority_differences([read[at] for at in rest]), strict=True):
        found[at] = words
    return found


def _picture_differences(picture: Path | None, read: Sequence[tuple[Reading, Mask]]) -> list[str] | None:
    """Return how each mask differs from the picture that was outlined; None where that cannot be read."""
    if picture is None or not picture.is_file():
        return None
    try:
        if not is_volume(picture):
            return [_size_difference(measure(picture), mask) for _, mask in read]
        return [
            _has(place_difference(picture, reading.mask, whose="its image"))
            if is_volume(reading.mask)
            else f"is {_size(mask.shape)} px, its image a volume"
            for reading, mask in read
        ]
    except ImageError:
        return None  # a study needs no photographs


def _size_difference(grid: Sequence[int] | None, mask: Mask) -> str:
    if grid is None or mask.shape == tuple(grid):
        return ""
    return f"is {_size(mask.shape)}, its picture {_size(grid)}"


def _majority_differences(read: Sequence[tuple[Reading, Mask]]) -> list[str]:
    groups: list[list[int]] = []
    for at, (reading, mask) in enumerate(read):
        for group in groups:
            first, first_mask = read[group[0]]
            if not grid_difference(first.mask, first_mask, reading.mask, mask, whose=""):
                group.append(at)
                break
        else:
            groups.append([at])
    if not groups:
        return []
    most = max(groups, key=len)  # the first of equally many
    first, first_mask = read[most[0]]
    return [
        "" if at in most else grid_difference(first.mask, first_mask, reading.mask, mask, whose=first.annotator)
        for at, (reading, mask) in enumerate(read)
    ]


def _has(difference: str) -> str:
    return difference and f"has {difference}"


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
