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
    known = _picture_differences(case, read)
    if known is None:
        known = _majority_differences(read)
    kept = [one for one, words in zip(read, known, strict=True) if not words]
    lost = [
        f"{case.id}: the mask of {reading.annotator} {words} ({reading.mask.name}). Outlines of one case need one grid."
        for (reading, _), words in zip(read, known, strict=True)
        if words
    ]
    return kept, lost


def _picture_differences(case: ReadCase, read: Sequence[tuple[Reading, Mask]]) -> list[str] | None:
    """Return how each mask differs from the picture of the case; None where nothing is known of a picture."""
    picture, grid = case.image, case.grid
    if picture is not None and picture.is_file():
        try:
            if is_volume(picture):
                return [
                    _has(place_difference(picture, reading.mask, whose="its image"))
                    if is_volume(reading.mask)
                    else f"is {_size(mask.shape)} px, its image a volume"
                    for reading, mask in read
                ]
            grid = measure(picture)
        except ImageError:
            pass  # a study needs no photographs; what the manifest says of its size is enough
    if grid is None:
        return None
    return [
        "" if mask.shape == tuple(grid) else f"is {_size(mask.shape)}, its picture {_size(grid)}" for _, mask in read
    ]


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
