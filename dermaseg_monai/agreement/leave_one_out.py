"""What the other readers of a case drew, taken together: the measure of each reader's own outline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from dermaseg_monai.agreement.shape_mean import signed_distance
from dermaseg_monai.agreement.unit import Spacing
from dermaseg_monai.agreement.voters import first_outlines
from dermaseg_monai.metrics.surface import contour

Mask = Bool[np.ndarray, "..."]


@dataclass(frozen=True, eq=False)
class Others:
    """What the other people's outlines of a case say, for one outline.

    Attributes:
        count: how many other people; 0 where nobody else drew the case.
        consensus: what they count as lesion.
        contested: where exactly half of them say lesion, whatever the consensus makes of it.
    """

    count: int
    consensus: Mask
    contested: Mask


def leave_one_out(masks: Sequence[Mask], annotators: Sequence[str], *, spacing_mm: Spacing = None) -> list[Others]:
    """Return for every outline the consensus of the other people's outlines.

    A pixel is lesion where more than half of the others say so. Where exactly half do (an even number of others), it is
    lesion where it lies deeper inside the outlines of that half than outside those of the rest: where the mean signed
    distance to the others' borders is positive. So two others give the outline half-way between theirs, neither their
    union nor what they share. One other reader is the consensus. Of each other person the first outline counts, of
    this one's own none; without others the consensus is empty and its number 0.

    Args:
        masks: of one case, on one grid.
        annotators: who drew them.
        spacing_mm: size of a voxel; depth is then Euclidean, in mm, because voxels are rarely cubes.
    """
    stack = np.stack(masks)
    depths: dict[int, np.ndarray] = {}
    found: list[Others] = []
    known: dict[tuple[int, ...], Others] = {}
    for name in annotators:
        others = tuple(at for at in first_outlines(annotators) if annotators[at] != name)
        if others not in known:
            known[others] = _consensus(stack, others, depths, spacing_mm)
        found.append(known[others])
    return found


def signed_depth(mask: Mask, *, spacing_mm: Spacing = None) -> np.ndarray:
    """Return the chessboard distance to the border of the lesion in pixels, positive inside, negative outside.

    The border runs half a pixel outside the contour pixels of the mask. The larger of the steps along rows and columns
    stands for the distance, which costs a quarter of the Euclidean one and finds the same middle between two outlines
    that run alike. Without lesion every pixel lies as far outside as the picture's sides are long together.
    With a spacing it is the Euclidean distance in mm, the border half-way between lesion and skin.
    """
    if spacing_mm is not None:
        far_mm = float(np.dot(mask.shape, spacing_mm))
        return signed_distance(mask, spacing=spacing_mm) if mask.any() else np.full(mask.shape, -far_mm)
    edge = np.ones(mask.shape, dtype=bool)
    edge[tuple(contour(mask).T)] = False
    if edge.all():
        return np.full(mask.shape, -float(sum(mask.shape)))
    away: Any = ndimage.distance_transform_cdt(edge, metric="chessboard")  # SciPy's types leave open what comes out
    return np.where(mask, away + 0.5, 0.5 - away)


def _consensus(
    stack: Bool[np.ndarray, "n ..."], others: tuple[int, ...], depths: dict[int, np.ndarray], spacing_mm: Spacing
) -> Others:
    nothing = np.zeros(stack.shape[1:], dtype=bool)
    if not others:
        return Others(0, nothing, nothing)
    votes = stack[list(others)].sum(axis=0, dtype=np.uint16)
    sure = 2 * votes > len(others)
    tied = 2 * votes == len(others)
    if not tied.any():
        return Others(len(others), sure, tied)
    for at in others:
        if at not in depths:
            depths[at] = signed_depth(stack[at], spacing_mm=spacing_mm)
    deeper = np.sum([depths[at] for at in others], axis=0) > 0
    return Others(len(others), sure | (tied & deeper), tied)
