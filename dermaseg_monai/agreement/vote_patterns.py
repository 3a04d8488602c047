"""How often each combination of readers called a pixel lesion: all that STAPLE needs to know of a case's masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Int
from scipy import ndimage

from dermaseg_monai.agreement.mask_facts import equivalent_diameter, size_of
from dermaseg_monai.agreement.unit import Spacing
from dermaseg_monai.metrics.grid import bounding_box

BAND_SHARE: Final = 0.1
"""The neighbourhood of a lesion reaches this share of its diameter beyond what anybody outlined."""


@dataclass(frozen=True, eq=False)
class VotePatterns:
    """The votes on the neighbourhood of one lesion.

    Attributes:
        case_id: of the case.
        annotators: who voted, in the order of the columns.
        patterns: a row per combination of votes that occurs.
        pixels: how many pixels have that combination.
    """

    case_id: str
    annotators: tuple[str, ...]
    patterns: Bool[np.ndarray, "k n"]
    pixels: Int[np.ndarray, " k"]


def count_patterns(
    case_id: str,
    annotators: Sequence[str],
    masks: Sequence[Bool[np.ndarray, "..."]],
    *,
    spacing_mm: Spacing = None,
) -> VotePatterns | None:
    """Count the votes on the pixels that anybody called lesion and on a band of skin around them.

    The band is as wide as a tenth of the diameter of what anybody called lesion (equivalent disc; at least 1 px), as a
    city-block distance, and ends at the picture's edge; with a spacing, as volumes have it, a tenth of the ball's
    diameter as a Euclidean distance in mm (at least the coarsest step). None where nobody saw a lesion.

    Args:
        case_id: of the case.
        annotators: who drew the masks.
        masks: on one grid, at most 64.
        spacing_mm: size of a voxel.
    """
    stack = np.stack(masks)
    anybody = np.logical_or.reduce(masks)
    box = bounding_box(anybody)
    if box is None:
        return None
    size = size_of(int(np.count_nonzero(anybody)), spacing_mm)
    width = BAND_SHARE * equivalent_diameter(float(size), ndim=anybody.ndim)
    width = max(1, round(width)) if spacing_mm is None else max(width, *spacing_mm)
    steps = (1.0,) * anybody.ndim if spacing_mm is None else spacing_mm
    wide = tuple(
        slice(max(0, side.start - ceil(width / step)), side.stop + ceil(width / step))
        for side, step in zip(box, steps, strict=True)
    )
    away: Any = (
        ndimage.distance_transform_cdt(~anybody[wide], metric="taxicab")
        if spacing_mm is None
        else ndimage.distance_transform_edt(~anybody[wide], sampling=spacing_mm)
    )
    # where all is lesion SciPy knows no distance and says -1, which is near enough
    stack = stack[(slice(None), *wide)][:, away <= width]
    codes = np.zeros(stack.shape[1], dtype=np.uint64)
    for at, votes in enumerate(stack):
        codes |= votes.astype(np.uint64) << np.uint64(at)
    found, pixels = np.unique(codes, return_counts=True)
    patterns = (found[:, None] >> np.arange(len(masks), dtype=np.uint64)) & np.uint64(1)
    return VotePatterns(case_id, tuple(annotators), patterns.astype(bool), pixels)
