"""What is noteworthy about a mask: how much lesion, in how many pieces, with which holes, how much at the border."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import ndimage  # pyright: ignore[reportMissingTypeStubs]

from dermaseg_monai.arrays import BoolMask

_ndimage: Any = ndimage  # SciPy's functions are partly without types

MaskFindingKind: TypeAlias = Literal["empty", "full", "tiny", "regions", "holes", "border"]

FULL_SHARE = 0.99
"""A mask that covers so much of its picture leaves no skin to tell the lesion from."""

TINY_SHARE = 0.005
"""A lesion below so much of its picture is a slip of the pen as often as a lesion."""


@dataclass(frozen=True)
class MaskFacts:
    """Counts of one mask, in pixels (voxels): the whole grid, the lesion, its largest region, its holes, its border.

    A region is what touches, also by a corner; a hole is skin that touches no other skin by a side and not the border.
    `border_px` counts lesion pixels in the outermost rows and columns.
    """

    grid_px: int
    lesion_px: int
    regions: int
    largest_px: int
    holes: int
    hole_px: int
    border_px: int


def measure_mask(mask: BoolMask) -> MaskFacts:
    """Count regions, holes and border of a mask of any number of axes."""
    lesion_px = int(np.count_nonzero(mask))
    if lesion_px == 0:
        return MaskFacts(mask.size, 0, 0, 0, 0, 0, 0)
    box = _box(mask)
    framed = np.pad(mask[box], 1)  # what is outside the box is one piece of skin, and so is the frame
    every_way = _ndimage.generate_binary_structure(mask.ndim, mask.ndim)
    region_px = _sizes_px(framed, every_way)
    skin_px = _sizes_px(~framed, _ndimage.generate_binary_structure(mask.ndim, 1))[1:]  # the first holds the frame
    return MaskFacts(
        grid_px=mask.size,
        lesion_px=lesion_px,
        regions=region_px.size,
        largest_px=int(region_px.max()),
        holes=skin_px.size,
        hole_px=int(skin_px.sum()),
        border_px=_border_px(mask, box, lesion_px),
    )


def mask_findings(facts: MaskFacts) -> Iterator[tuple[MaskFindingKind, str, float]]:
    """Yield kind, words and weight (the larger the more remarkable, within a kind) of what is noteworthy."""
    share = facts.lesion_px / facts.grid_px
    if facts.lesion_px == 0:
        yield "empty", "has no lesion", 0.0
        return
    if share >= FULL_SHARE:
        skin_px = facts.grid_px - facts.lesion_px
        yield "full", f"leaves {skin_px:,} of {facts.grid_px:,} px of skin", share
        return
    if share < TINY_SHARE:
        yield "tiny", f"has a lesion of {facts.lesion_px:,} px, {_percent(share)} of the picture", -share
    if facts.regions > 1:
        rest_px = facts.lesion_px - facts.largest_px
        words = f"has {facts.regions} regions, {rest_px:,} of {facts.lesion_px:,} px outside the largest"
        yield "regions", words, rest_px / facts.lesion_px
    if facts.holes:
        words = "a hole of" if facts.holes == 1 else f"{facts.holes} holes, together"
        yield "holes", f"has {words} {facts.hole_px:,} px", facts.hole_px / facts.lesion_px
    if facts.border_px:
        yield (
            "border",
            f"touches the border of the picture with {facts.border_px:,} px",
            facts.border_px / facts.grid_px,
        )


def _box(mask: BoolMask) -> tuple[slice, ...]:
    box: list[slice] = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        held = np.flatnonzero(mask.any(axis=others))
        box.append(slice(int(held[0]), int(held[-1]) + 1))
    return tuple(box)


def _sizes_px(mask: BoolMask, structure: np.ndarray) -> np.ndarray:
    """Sizes of the connected pieces, that of the first pixel's piece first."""
    labels, _ = _ndimage.label(mask, structure)
    return np.bincount(np.ravel(labels))[1:]


def _border_px(mask: BoolMask, box: tuple[slice, ...], lesion_px: int) -> int:
    if all(side.start > 0 and side.stop < length for side, length in zip(box, mask.shape, strict=True)):
        return 0
    return lesion_px - int(np.count_nonzero(mask[(slice(1, -1),) * mask.ndim]))


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
