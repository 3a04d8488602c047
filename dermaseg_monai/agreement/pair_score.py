"""Two outlines of one lesion against each other, for all pairs of a case."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from jaxtyping import Bool
from numpy import ndarray

from dermaseg_monai.metrics import (
    assd,
    counts,
    dice,
    hd95,
    jaccard,
    surface_dice,
    surface_distances,
    threshold_jaccard,
)

Mask = Bool[ndarray, "..."]


def score_pairs(
    masks: Sequence[Mask], *, tolerance_px: float, both_empty: float, surface: bool = True
) -> dict[tuple[int, int], Mapping[str, Any]]:
    """Return the scores of every pair of masks of one case, by their places in the list.

    dice, jaccard, threshold_jaccard (0.65, ISIC's), hd95_px (larger of both directed 95th percentiles), assd_px,
    surface_dice at `tolerance_px`, area_a_px, area_b_px. Every score is the same for (a, b) and (b, a). Two empty masks
    score `both_empty` and a distance of (1 - both_empty) diagonals; one empty mask scores 0 and one diagonal.

    Args:
        masks: boolean, on one grid.
        tolerance_px: of surface Dice.
        both_empty: what two empty masks score; 1 says that both readers saw no lesion and agree.
        surface: whether the contour scores are wanted.

    Raises:
        ValueError: a mask is not boolean, or two lie on different grids.
    """
    found: dict[tuple[int, int], Mapping[str, Any]] = {}
    for a, b in combinations(range(len(masks)), 2):
        counted = counts(masks[a], masks[b])
        row: dict[str, Any] = {
            "dice": dice(counted, both_empty=both_empty),
            "jaccard": jaccard(counted, both_empty=both_empty),
            "threshold_jaccard": threshold_jaccard(counted, both_empty=both_empty),
            "area_a_px": counted.pred,
            "area_b_px": counted.label,
        }
        if surface:
            distances = surface_distances(masks[a], masks[b], spacing=None)
            empties = {"both_empty": (1 - both_empty) * distances.diagonal, "one_empty": distances.diagonal}
            row |= {
                "hd95_px": hd95(distances, **empties),
                "assd_px": assd(distances, **empties),
                "surface_dice": surface_dice(distances, tolerance=tolerance_px, both_empty=both_empty),
            }
        found[a, b] = row
    return found
