"""The readers of one case against each other: bias and errors of every outline, and the votes on its pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool

from dermaseg_monai.agreement.leave_one_out import leave_one_out
from dermaseg_monai.agreement.outline_bias import outline_bias, with_roughness_difference
from dermaseg_monai.agreement.outline_errors import SCOPE, OutlineError, find_errors
from dermaseg_monai.agreement.unit import Spacing
from dermaseg_monai.agreement.vote_patterns import VotePatterns, count_patterns
from dermaseg_monai.agreement.voters import first_outlines
from dermaseg_monai.metrics.grid import bounding_box

Mask = Bool[np.ndarray, "..."]

ERROR_COLUMNS: Final = (
    "case_id", "annotator", "type", "finding", "measure", "unit", "size_px", "row_px", "column_px", "others",
    "explanation", "path",
)  # fmt: skip
"""The columns of a table of errors, a row for each; `others` is the number of people in the consensus it is measured
against, `row_px` and `column_px` a pixel of the region (see `OutlineError.place_px`), `path` the mask."""


@dataclass(frozen=True)
class CaseReaders:
    """What the outlines of one case say of who drew them.

    Attributes:
        bias: `BIAS_COLUMNS` of every outline, in the order of the masks.
        errors: a row per error, `ERROR_COLUMNS` but `path`, and `outline`, the place of its mask in the list.
        votes: for STAPLE, one of each person; None where nobody saw a lesion or one person drew alone.
    """

    bias: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    votes: VotePatterns | None


def compare_readers(
    case_id: str,
    annotators: Sequence[str],
    masks: Sequence[Mask],
    *,
    both_empty: float,
    spacing_mm: Spacing = None,
) -> CaseReaders:
    """Compare every outline of a case with the consensus of the other people's.

    Args:
        case_id: of the case.
        annotators: who drew the masks.
        masks: on one grid.
        both_empty: Dice of two empty masks.
        spacing_mm: of volumes, whose bias is in mm and whose errors nobody looks for yet.
    """
    if not masks:
        return CaseReaders([], [], None)
    small, (top, left, *_) = _cropped(masks)
    others = leave_one_out(small, annotators, spacing_mm=spacing_mm)
    bias = [
        outline_bias(mask, rest.consensus, others=rest.count, both_empty=both_empty, spacing_mm=spacing_mm)
        for mask, rest in zip(small, others, strict=True)
    ]
    rows: list[dict[str, Any]] = []
    for at, name in enumerate(annotators):
        found = find_errors(small[at], others[at], bias[at]) if small[at].ndim == 2 else []  # noqa: PLR2004
        rows += [
            {"case_id": case_id, "annotator": name, "outline": at, "others": others[at].count} | _row(error, top, left)
            for error in found
        ]
    bias = with_roughness_difference(bias, list(annotators))
    return CaseReaders(bias, rows, _votes(case_id, annotators, masks, spacing_mm))


def region_of(
    error: Mapping[Any, Any],
    annotators: Sequence[str],
    masks: Sequence[Mask],
    outline: int,
    *,
    spacing_mm: Spacing = None,
) -> tuple[Mask, Mask]:
    """Return the others' consensus for one outline, and the pixels that a row of errors speaks of.

    Of an inconsistent scope, which is no error of one outline, these are the pixels that this outline has too many or
    too few.

    Args:
        error: a row with `ERROR_COLUMNS`.
        annotators: of the case, as in `compare_readers`.
        masks: of the case.
        outline: the place of the outline in the list.
        spacing_mm: of volumes.

    Raises:
        ValueError: the outline has no such error.
    """
    others = leave_one_out(masks, annotators, spacing_mm=spacing_mm)[outline]
    mask, consensus = masks[outline], others.consensus
    if error["type"] == SCOPE:
        return consensus, mask & ~consensus if error["measure"] > 0 else consensus & ~mask
    bias = outline_bias(mask, consensus, others=others.count, both_empty=1.0)
    place = error["row_px"], error["column_px"]
    for found in find_errors(mask, others, bias):
        if (found.type, found.finding) == (error["type"], error["finding"]) and found.place_px == place:
            return consensus, found.region
    raise ValueError(f"The outline of {annotators[outline]} has no {error['type']} ({error['finding']}) at {place}.")


def _votes(case_id: str, annotators: Sequence[str], masks: Sequence[Mask], spacing_mm: Spacing) -> VotePatterns | None:
    chosen = first_outlines(annotators)
    if len(chosen) == 1:
        return None
    return count_patterns(
        case_id, [annotators[at] for at in chosen], [masks[at] for at in chosen], spacing_mm=spacing_mm
    )


def _row(error: OutlineError, top: int, left: int) -> dict[str, Any]:
    row, column = error.place_px
    return {
        "type": error.type,
        "finding": error.finding,
        "measure": error.measure,
        "unit": error.unit,
        "size_px": error.size_px,
        "row_px": row + top,
        "column_px": column + left,
        "explanation": error.explanation,
    }


def _cropped(masks: Sequence[Mask]) -> tuple[list[Mask], tuple[int, ...]]:
    """Return the masks in the box of all of them, a pixel of skin around it where there is one, and where it begins."""
    box = bounding_box(np.logical_or.reduce(masks))
    if box is None:
        return list(masks), (0,) * masks[0].ndim
    wide = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in box)
    return [mask[wide] for mask in masks], tuple(side.start for side in wide)
