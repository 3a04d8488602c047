"""Two outlines of one lesion against each other, for all pairs of a case."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from jaxtyping import Bool
from numpy import ndarray

from dermaseg_monai.agreement.mask_facts import size_of
from dermaseg_monai.agreement.unit import Spacing, named_in, tolerance_in, unit_of_spacing
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
    masks: Sequence[Mask],
    *,
    both_empty: float,
    tolerance_px: float | None = None,
    tolerance_mm: float | None = None,
    spacing_mm: Spacing = None,
    surface: bool = True,
) -> dict[tuple[int, int], Mapping[str, Any]]:
    """Return the scores of every pair of masks of one case, by their places in the list.

    dice, jaccard, threshold_jaccard (0.65, ISIC's), hd95_px (larger of both directed 95th percentiles), assd_px,
    surface_dice at `tolerance_px`, area_a_px, area_b_px. With `spacing_mm` (of volumes) hd95_mm and assd_mm,
    surface_dice at `tolerance_mm`, volume_a_mm3, volume_b_mm3, volume_difference_mm3 (|A - B|), voxels_a and voxels_b.
    Every score is the same for (a, b) and (b, a). Two empty masks score `both_empty` and a distance of (1 - both_empty)
    diagonals; one empty mask scores 0 and one diagonal.

    Args:
        masks: boolean, on one grid.
        tolerance_px: of surface Dice, without a spacing.
        tolerance_mm: the same with one.
        spacing_mm: size of a voxel along each axis; None measures in pixels.
        both_empty: what two empty masks score; 1 says that both readers saw no lesion and agree.
        surface: whether the contour scores are wanted.

    Raises:
        ValueError: a mask is not boolean, or two lie on different grids.
        ConfigError: the tolerance is not in the unit of the distances.
    """
    unit = unit_of_spacing(spacing_mm)
    tolerance = tolerance_in(unit, tolerance_px=tolerance_px, tolerance_mm=tolerance_mm) if surface else 0.0
    found: dict[tuple[int, int], Mapping[str, Any]] = {}
    for a, b in combinations(range(len(masks)), 2):
        counted = counts(masks[a], masks[b])
        row: dict[str, Any] = {
            "dice": dice(counted, both_empty=both_empty),
            "jaccard": jaccard(counted, both_empty=both_empty),
            "threshold_jaccard": threshold_jaccard(counted, both_empty=both_empty),
            named_in(unit, "area_a_px"): size_of(counted.pred, spacing_mm),
            named_in(unit, "area_b_px"): size_of(counted.label, spacing_mm),
        }
        if unit == "mm":
            row |= {"voxels_a": counted.pred, "voxels_b": counted.label}
            row["volume_difference_mm3"] = size_of(abs(counted.pred - counted.label), spacing_mm)
        if surface:
            distances = surface_distances(masks[a], masks[b], spacing=spacing_mm)
            empties = {"both_empty": (1 - both_empty) * distances.diagonal, "one_empty": distances.diagonal}
            row |= {
                f"hd95_{unit}": hd95(distances, **empties),
                f"assd_{unit}": assd(distances, **empties),
                "surface_dice": surface_dice(distances, tolerance=tolerance, both_empty=both_empty),
            }
        found[a, b] = row
    return found
