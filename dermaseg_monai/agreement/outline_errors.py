"""The errors of one outline that pixels show: placed wrongly throughout, regions left out, things taken for lesion."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from dermaseg_monai.agreement.leave_one_out import Others
from dermaseg_monai.agreement.mask_facts import equivalent_diameter
from dermaseg_monai.metrics.grid import bounding_box

Mask2d = Bool[np.ndarray, "h w"]

PLACEMENT: Final = "boundary placement"
MISSING: Final = "missing region"
INCLUSION: Final = "inclusion"
SCOPE: Final = "inconsistent scope"
ERROR_TYPES: Final = (PLACEMENT, MISSING, INCLUSION, SCOPE)
"""The four of Khan and Khan, Practical Semantic Segmentation with Deep Learning, 2026, section 4.1."""

PLACED_WRONGLY_PERCENT: Final = 5.0
"""Mean offset, in per cent of the consensus' diameter, from which an outline is too tight or too loose. A disc that is
5 % of its diameter too wide all around has Dice .905 with the right one."""
EVEN: Final = 0.8
"""Share of the contour on the side of the offset from which the shape counts as the same."""
LEAST_REGION_SHARE: Final = 0.002
LEAST_REGION_PX: Final = 9
"""Regions below 0.2 % of the consensus, or below 9 px, are not reported."""
THIN: Final = 6.0
"""(Diagonal of its box)² / area from which a region is long and thin: 2 for a square, 2.5 for a disc, 6.2 for 6 x 1."""
HAIR_WIDTH_PERCENT: Final = 6.0
HAIR_REACH_PERCENT: Final = 10.0
"""A hair is narrower, and runs further away from the rest of the mask, than these shares of the consensus' diameter."""


@dataclass(frozen=True, eq=False)
class OutlineError:
    """One error of one outline.

    Attributes:
        type: one of `ERROR_TYPES`.
        finding: which kind of it, e.g. `too tight`.
        measure: how grave, in the unit that `unit` names.
        unit: of `measure`.
        region: the pixels in question, on the grid of the masks.
        explanation: one sentence.
    """

    type: str
    finding: str
    measure: float
    unit: str
    region: Mask2d
    explanation: str

    @property
    def size_px(self) -> int:
        """Return the area of the region."""
        return int(np.count_nonzero(self.region))

    @property
    def place_px(self) -> tuple[int, int]:
        """Return row and column of the pixel of the region that lies nearest to its centre of mass."""
        rows, columns = np.nonzero(self.region)
        nearest = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
        return int(rows[nearest]), int(columns[nearest])


def find_errors(mask: Mask2d, others: Others, bias: dict[str, Any]) -> list[OutlineError]:
    """Return the errors of an outline against the others' consensus; `bias` is its `outline_bias`.

    - boundary placement: |offset_percent| of at least 5 with at least 80 % of the contour on one side.
    - missing region: a connected region of the consensus of which this mask has no pixel (a satellite, or the lesion).
    - inclusion: a connected region of this mask that does not touch what half of the others or more outlined, or a thin
      part (a hair, a ruler) that an opening removes and that runs out of it.

    Regions touch by faces or corners. What only some of the others drew is not in the consensus: a satellite that most
    readers overlook makes an inclusion of the one who saw it. No error where nobody else drew the case.
    """
    if not others.count:
        return []
    apart = list(_apart(mask, others.consensus))
    return [
        *_placement(mask, others.consensus, bias),
        *_missing([region for region in apart if not (region & mask).any()], others.consensus),
        *_inclusions(mask, [region for region in apart if (region & mask).any()], others, bias),
    ]


def _placement(mask: Mask2d, consensus: Mask2d, bias: dict[str, Any]) -> Iterator[OutlineError]:
    offset = bias["offset_percent"]
    if offset is None or abs(offset) < PLACED_WRONGLY_PERCENT or bias["offset_evenness"] < EVEN:
        return
    finding, side = ("too loose", "outside") if offset > 0 else ("too tight", "inside")
    region = mask & ~consensus if offset > 0 else consensus & ~mask
    words = (
        f"The outline runs {abs(bias['offset_px']):.1f} px ({abs(offset):.1f} % of the diameter) {side} that of the "
        f"others on average, {bias['offset_evenness']:.0%} of it on that side."
    )
    yield OutlineError(PLACEMENT, finding, offset, "% of the diameter", region, words)


def _missing(left_out: list[Mask2d], consensus: Mask2d) -> Iterator[OutlineError]:
    area = int(np.count_nonzero(consensus))
    for region in left_out:
        size = int(np.count_nonzero(region))
        finding = "whole lesion" if size == area else "satellite"
        words = f"A region of {size} px that the others count as lesion ({size / area:.1%} of it) is left out."
        yield OutlineError(MISSING, finding, 100 * size / area, "% of the consensus", region, words)


def _inclusions(mask: Mask2d, apart: list[Mask2d], others: Others, bias: dict[str, Any]) -> Iterator[OutlineError]:
    area = int(np.count_nonzero(others.consensus)) or int(np.count_nonzero(mask))
    blobs = [region for region in apart if not (region & others.contested).any()]
    for region in blobs:
        thin = _slenderness(region) >= THIN
        words = "lies apart from what the others count as lesion" + (", long and thin" if thin else "")
        yield _inclusion("thin, as a hair or ruler" if thin else "separate blob", region, area, words)
    diameter_px = equivalent_diameter(float(area), 2)
    sticking_out_px = (bias["furthest_out_px"] or 0.0) - max(0.0, bias["offset_px"] or 0.0)
    reach_px = HAIR_REACH_PERCENT / 100 * diameter_px
    if sticking_out_px < reach_px:
        return  # nothing stands out far enough; spares most outlines the opening
    rest = mask & ~np.logical_or.reduce(blobs) if blobs else mask
    thin, away = _thin_parts(rest, reach_px=max(1, round(HAIR_WIDTH_PERCENT / 200 * diameter_px)))
    backed = others.consensus | others.contested
    for region in _regions(thin & ~backed, least_px=_least(area)):
        if _slenderness(region) >= THIN and away[region].max() >= reach_px:
            yield _inclusion("thin, as a hair or ruler", region, area, "runs out of the lesion, long and thin")


def _inclusion(finding: str, region: Mask2d, area: int, words: str) -> OutlineError:
    size = int(np.count_nonzero(region))
    text = f"A region of {size} px ({size / area:.1%} of the consensus) {words}."
    return OutlineError(INCLUSION, finding, 100 * size / area, "% of the consensus", region, text)


def _apart(mask: Mask2d, consensus: Mask2d) -> Iterator[Mask2d]:
    """Return the regions that only one of the two has, and that touch nothing of the other."""
    least_px = _least(int(np.count_nonzero(consensus)) or int(np.count_nonzero(mask)))
    for region in _regions(mask | consensus, least_px=least_px):
        if not (region & mask).any() or not (region & consensus).any():
            yield region


def _regions(mask: Mask2d, *, least_px: float) -> Iterator[Mask2d]:
    found: Any = ndimage.label(mask, structure=np.ones((3, 3)))  # SciPy's types leave open what comes out
    parts, _ = found
    sizes = np.bincount(parts.ravel())
    for number in np.flatnonzero(sizes[1:] >= least_px) + 1:
        yield parts == number


def _least(area_px: int) -> float:
    return max(float(LEAST_REGION_PX), LEAST_REGION_SHARE * area_px)


def _extent(region: Mask2d) -> float:
    box = bounding_box(region)
    return float(np.hypot(*(side.stop - side.start for side in box))) if box is not None else 0.0


def _slenderness(region: Mask2d) -> float:
    return _extent(region) ** 2 / np.count_nonzero(region)


def _thin_parts(mask: Mask2d, *, reach_px: int) -> tuple[Mask2d, np.ndarray]:
    """Return what no square of 2 `reach_px` + 1 inside the mask covers, and how far each pixel lies from what one does.

    Beyond the frame the mask goes on as it is there. Distances are the larger of the steps along rows and columns.
    """
    framed = np.pad(mask, reach_px + 1, mode="edge")
    depth: Any = ndimage.distance_transform_cdt(framed, metric="chessboard")  # SciPy's types leave open what comes out
    inner = slice(reach_px + 1, -reach_px - 1)
    core = depth > reach_px if not framed.all() else framed
    if not core.any():
        return mask, np.full(mask.shape, max(mask.shape))
    away: Any = ndimage.distance_transform_cdt(~core, metric="chessboard")
    away = away[inner, inner] - reach_px
    return mask & (away > 0), away
