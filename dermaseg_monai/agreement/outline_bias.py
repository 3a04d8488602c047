"""How one outline lies against the consensus of the other readers: larger, further out, shifted, more ragged."""

from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import KDTree

from dermaseg_monai.agreement.mask_facts import equivalent_diameter, size_of
from dermaseg_monai.agreement.unit import Spacing, named_in, unit_of_spacing
from dermaseg_monai.agreement.voters import first_outlines
from dermaseg_monai.metrics import counts, dice
from dermaseg_monai.metrics.surface import contour

Mask = Bool[np.ndarray, "..."]

BIAS_COLUMNS: Final = (
    "others", "consensus_area_px", "dice_consensus", "log_area_ratio", "offset_px", "offset_percent", "offset_evenness",
    "furthest_out_px", "centroid_shift_px", "centroid_shift_percent", "roughness", "roughness_difference",
)  # fmt: skip
"""What `outline_bias` adds to a row of a mask; of volumes as `named_in` calls them: `offset_mm`."""

_DIRECTIONS_2D: Final = 4


def outline_bias(
    mask: Mask, consensus: Mask, *, others: int, both_empty: float, spacing_mm: Spacing = None
) -> dict[str, float | int | None]:
    """Return how an outline lies against the leave-one-out consensus of its case (`leave_one_out`).

    - `others`: people in the consensus; with 1 it is that reader's mask, with 0 nothing is compared.
    - `consensus_area_px`; `dice_consensus` in [0, 1], where two empty masks score `both_empty`.
    - `log_area_ratio`: ln(area / area of the consensus); below 0 tight, above 0 loose; ln 2 is twice the area.
    - `offset_px`: mean signed distance between the two contours (pixels with a face neighbour outside the mask), those
      of both contours taken together as in ASSD; positive where this outline runs outside. A disc and the same disc
      grown by 2 px: 2. Swapping the two masks changes the sign only.
    - `offset_evenness`: share of those contour pixels that lie on the side of the offset, those on the other contour
      counting half; near 1 for an outline of the same shape that is too large or too small throughout.
    - `furthest_out_px`: the largest of those distances outwards, 0 where nothing runs outside.
    - `centroid_shift_px`: distance between the centres of mass.
    - `offset_percent`, `centroid_shift_percent`: per cent of the equivalent diameter of the consensus.
    - `roughness`: see there; `roughness_difference` is filled by the caller, who knows the others' outlines.

    None where a mask is empty, which has no contour, or nobody else drew the case. With a spacing, as volumes have it,
    lengths are in mm and sizes in mm³, and the names say so.
    """
    unit = unit_of_spacing(spacing_mm)
    area, their_area = (size_of(int(np.count_nonzero(one)), spacing_mm) for one in (mask, consensus))
    row: dict[str, float | int | None] = {named_in(unit, name): None for name in BIAS_COLUMNS}
    row |= {"others": others, "roughness": roughness(mask)}
    if others == 0:
        return row
    row[named_in(unit, "consensus_area_px")] = their_area
    row["dice_consensus"] = dice(counts(mask, consensus), both_empty=both_empty)
    if area == 0 or their_area == 0:
        return row
    diameter = equivalent_diameter(float(their_area), ndim=mask.ndim)
    offsets = signed_offsets(mask, consensus, spacing_mm=spacing_mm)
    offset = float(offsets.mean())
    agreeing = np.count_nonzero(offsets * offset > 0) + np.count_nonzero(offsets == 0) / 2
    shift = float(np.linalg.norm((_centre(mask) - _centre(consensus)) * _steps(mask, spacing_mm)))
    return row | {
        named_in(unit, "log_area_ratio"): float(np.log(area / their_area)),
        f"offset_{unit}": offset,
        "offset_percent": 100 * offset / diameter,
        "offset_evenness": float(agreeing) / len(offsets),
        f"furthest_out_{unit}": max(0.0, float(offsets.max())),
        f"centroid_shift_{unit}": shift,
        "centroid_shift_percent": 100 * shift / diameter,
    }


def signed_offsets(mask: Mask, consensus: Mask, *, spacing_mm: Spacing = None) -> Float[np.ndarray, " n"]:
    """Return the distance of each contour pixel of both masks to the other's contour, this mask's first.

    In pixels, or in mm with a spacing.

    Positive where this mask's outline runs outside the consensus there, negative where it runs inside.
    """
    ours, theirs = contour(mask), contour(consensus)
    outside = np.where(consensus[tuple(ours.T)], -1.0, 1.0)
    inside = np.where(mask[tuple(theirs.T)], 1.0, -1.0)
    # the settings that build a tree fastest which answers one query (see metrics.surface)
    ours_at, theirs_at = (points * _steps(mask, spacing_mm) for points in (ours, theirs))
    ours_away = KDTree(theirs_at, leafsize=32, balanced_tree=False, compact_nodes=False).query(ours_at)[0]
    theirs_away = KDTree(ours_at, leafsize=32, balanced_tree=False, compact_nodes=False).query(theirs_at)[0]
    return np.concatenate([outside * ours_away, inside * theirs_away])


def roughness(mask: Mask) -> float | None:
    """Return the perimeter over that of a disc of the same area: 1 for a disc, more for a ragged or divided outline.

    The perimeter is Crofton's: π/8 times the changes between lesion and skin along rows, columns and, divided by √2,
    both diagonals. Holes and satellites count. A square, 1.13 by
    geometry, gives 1.07, because four directions see its sides 5 % short. None for an empty mask and for a volume.

    Source: Crofton's formula in four directions, Legland et al. 2007 (10.5566/ias.v26.p83-92).
    """
    area = int(np.count_nonzero(mask))
    if area == 0 or mask.ndim != 2:  # noqa: PLR2004 (a picture)
        return None
    framed = np.pad(mask, 1)
    straight = np.count_nonzero(framed[1:] ^ framed[:-1]) + np.count_nonzero(framed[:, 1:] ^ framed[:, :-1])
    slant = np.count_nonzero(framed[1:, 1:] ^ framed[:-1, :-1]) + np.count_nonzero(framed[1:, :-1] ^ framed[:-1, 1:])
    perimeter_px = np.pi / (2 * _DIRECTIONS_2D) * (straight + slant / np.sqrt(2))
    return float(perimeter_px / (2 * np.sqrt(np.pi * area)))


def _steps(mask: Mask, spacing_mm: Spacing) -> Float[np.ndarray, " d"]:
    return np.ones(mask.ndim) if spacing_mm is None else np.asarray(spacing_mm)


def _centre(mask: Mask) -> Float[np.ndarray, " d"]:
    return np.asarray([float(along.mean()) for along in np.nonzero(mask)])


def with_roughness_difference(rows: list[dict[str, Any]], annotators: list[str]) -> list[dict[str, Any]]:
    """Return the rows of one case with each roughness less the mean roughness of the other people's (first) outlines.

    Not against the consensus, whose outline is smoother than any of those it was made from.
    """
    for row, name in zip(rows, annotators, strict=True):
        others = [
            rows[at]["roughness"]
            for at in first_outlines(annotators)
            if annotators[at] != name and rows[at]["roughness"] is not None
        ]
        if others and row["roughness"] is not None:
            row["roughness_difference"] = row["roughness"] - sum(others) / len(others)
    return rows
