"""Scores of the contour: HD95, ASSD and surface Dice, all from one pass over the two contours.

The contour of a mask is its pixels with a face neighbour (4 in 2D, 6 in 3D) outside the mask; beyond the image counts
as outside, so a lesion cut by the image border has its contour there. That is the definition of MONAI 1.6, and where
both masks hold something these scores equal MONAI's. Where one is empty MONAI gives NaN or infinity; here the caller
decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, isfinite

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from dermaseg_monai.metrics.grid import Mask, bounding_box, require_masks

Distances = Float[np.ndarray, " _"]
"""One distance per contour pixel."""

Points = Int[np.ndarray, "_ d"]
"""Indices of contour pixels."""


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """How far each contour pixel of one mask lies from the contour of the other.

    In pixels, or in the unit of `spacing` (mm). There is no distance from or to an empty mask, so when one is empty
    both arrays are; `n_pred` and `n_label`, the lengths of the contours in pixels, say which mask it was.
    """

    pred_to_label: Distances
    label_to_pred: Distances
    n_pred: int
    n_label: int
    diagonal: float

    @property
    def both_empty(self) -> bool:
        """Neither mask has a contour."""
        return self.n_pred == 0 and self.n_label == 0

    @property
    def one_empty(self) -> bool:
        """Exactly one mask has a contour: a missed lesion or a false alarm."""
        return (self.n_pred == 0) != (self.n_label == 0)


def surface_distances(pred: Mask, label: Mask, *, spacing: Sequence[float] | None) -> SurfaceDistances:
    """Measure both contours against each other, in pixels (`spacing` None) or in the unit of `spacing`, one per axis.

    Exact Euclidean distances between pixel centres. The diagonal √Σ(nᵢ sᵢ)² over the axes of the image is more than any
    distance in it.

    Raises:
        ValueError: the masks are not boolean or lie on different grids, or the spacing does not fit.
    """
    require_masks(pred, label)
    steps = _steps(spacing, ndim=pred.ndim)
    diagonal = hypot(*(length * step for length, step in zip(pred.shape, steps, strict=True)))
    ours, theirs = contour(pred), contour(label)
    if len(ours) == 0 or len(theirs) == 0:
        nothing = np.empty(0)
        return SurfaceDistances(nothing, nothing, n_pred=len(ours), n_label=len(theirs), diagonal=diagonal)
    return SurfaceDistances(
        pred_to_label=_nearest(ours, theirs, steps),
        label_to_pred=_nearest(theirs, ours, steps),
        n_pred=len(ours),
        n_label=len(theirs),
        diagonal=diagonal,
    )


def contour(mask: Mask) -> Points:
    """Return the indices of the pixels that have a face neighbour outside the mask, in row-major order."""
    box = bounding_box(mask)
    if box is None:
        return np.empty((0, mask.ndim), dtype=np.intp)
    crop = mask[box]
    padded = np.pad(crop, 1)
    centre = (slice(1, -1),) * mask.ndim
    inside = crop.copy()
    for axis in range(mask.ndim):
        for neighbour in (slice(None, -2), slice(2, None)):
            inside &= padded[(*centre[:axis], neighbour, *centre[axis + 1 :])]
    edge = crop & ~inside
    start = [found.start for found in box]
    return np.stack(np.unravel_index(np.flatnonzero(edge), edge.shape), axis=1) + np.asarray(start)


def hd95(surfaces: SurfaceDistances, *, both_empty: float, one_empty: float) -> float:
    """Score the larger of the two directed 95th percentiles of the contour distances (linear interpolation).

    Unit: pixel or mm; 0 is best. One empty mask scores `one_empty` (the diagonal is a natural choice), two score
    `both_empty`. medpy and others take one percentile of all distances together, which is another number.

    Source: Huttenlocher 1993 (10.1109/34.232073), the percentile as in MONAI.
    """
    if surfaces.both_empty or surfaces.one_empty:
        return both_empty if surfaces.both_empty else one_empty
    return float(max(np.quantile(surfaces.pred_to_label, 0.95), np.quantile(surfaces.label_to_pred, 0.95)))


def assd(surfaces: SurfaceDistances, *, both_empty: float, one_empty: float) -> float:
    """Score the mean of all contour distances, those of the two contours taken together.

    Unit: pixel or mm; 0 is best. One empty mask scores `one_empty`, two score `both_empty`. The mean of the two
    directed means is another number where the contours differ in length.

    Source: Heimann 2009 (10.1109/TMI.2009.2013851).
    """
    if surfaces.both_empty or surfaces.one_empty:
        return both_empty if surfaces.both_empty else one_empty
    total = float(surfaces.pred_to_label.sum() + surfaces.label_to_pred.sum())
    return total / (surfaces.n_pred + surfaces.n_label)


def surface_dice(surfaces: SurfaceDistances, *, tolerance: float, both_empty: float) -> float:
    """Score the share of contour pixels (both contours together) at most `tolerance` from the other contour, in [0, 1].

    `tolerance` has the unit of the distances. They are compared in single precision, so that three steps of 0.1 mm are
    within 0.3 mm. One empty mask scores 0, two score `both_empty`.

    Raises:
        ValueError: the tolerance is negative or not finite.

    Source: arXiv:1809.04430, counting contour pixels (2D lengths and 3D areas are not weighed).
    """
    if not (isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance is {tolerance}, but a distance of 0 or more is needed.")
    if surfaces.both_empty:
        return both_empty
    limit = np.float32(tolerance)
    near = sum(
        int(np.count_nonzero(distances.astype(np.float32) <= limit))
        for distances in (surfaces.pred_to_label, surfaces.label_to_pred)
    )
    return near / (surfaces.n_pred + surfaces.n_label)


def _steps(spacing: Sequence[float] | None, *, ndim: int) -> tuple[float, ...]:
    if spacing is None:
        return (1.0,) * ndim
    steps = tuple(float(step) for step in spacing)
    if len(steps) != ndim or not all(isfinite(step) and step > 0 for step in steps):
        raise ValueError(f"spacing is {steps}, but a mask of {ndim} axes needs {ndim} positive lengths, one per axis.")
    return steps


def _nearest(points: Points, targets: Points, steps: tuple[float, ...]) -> Distances:
    # a k-d tree over two thin contours costs a tenth of a distance transform of the box around them; leafsize and
    # balance are the settings that build the tree, which answers one query only, fastest
    scale = np.asarray(steps)
    return KDTree(targets * scale, leafsize=32, balanced_tree=False, compact_nodes=False).query(points * scale)[0]
