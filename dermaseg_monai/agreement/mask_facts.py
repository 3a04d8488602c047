"""What can be said of one outline alone."""

import hashlib
from math import prod
from typing import Any, Final

import numpy as np
from jaxtyping import Bool

from dermaseg_monai.agreement.unit import Spacing, named_in, unit_of_spacing
from dermaseg_monai.manifest.mask_findings import measure_mask

MASK_COLUMNS: Final = (
    "case_id", "annotator", "tool", "skill", "created_at", "path",
    "area_px", "area_share", "diameter_px", "regions", "holes", "touches_border", "copy_of",
)  # fmt: skip
"""The columns of a table of outlines; `copy_of` is a digest that two equal masks of one size share.

Of volumes `area_px` is `volume_mm3` and `diameter_px` is `diameter_mm` (`named_in`)."""


def mask_facts(mask: Bool[np.ndarray, "..."], *, spacing_mm: Spacing = None) -> dict[str, Any]:
    """Return area, equivalent diameter, regions, holes, border contact and a digest of a mask.

    `diameter_px` is that of a disc of the same area; with a spacing the volume is in mm³ and `diameter_mm` that of a
    ball. `area_share` is the lesion's share of the picture or volume. Regions, holes and border are those of
    `manifest.mask_findings`.
    """
    counted = measure_mask(mask)
    digest = hashlib.sha256(str(mask.shape).encode() + np.packbits(mask).tobytes()).hexdigest()[:16]
    unit, size = unit_of_spacing(spacing_mm), size_of(counted.lesion_px, spacing_mm)
    return {
        named_in(unit, "area_px"): size,
        "area_share": counted.lesion_px / mask.size,
        named_in(unit, "diameter_px"): equivalent_diameter(float(size), mask.ndim),
        "regions": counted.regions,
        "holes": counted.holes,
        "touches_border": counted.border_px > 0,
        "copy_of": digest,
    }


def size_of(count: int, spacing_mm: Spacing) -> int | float:
    """Return the size of this many pixels in pixels, or of this many voxels in mm³."""
    return count if spacing_mm is None else count * prod(spacing_mm)


def equivalent_diameter(area: float, ndim: int) -> float:
    """Return the diameter of a disc (`ndim` 2) of this area or ball (3) of this volume, in the unit of its side."""
    return 2 * (area / np.pi) ** (1 / 2) if ndim == 2 else (6 * area / np.pi) ** (1 / 3)  # noqa: PLR2004 (2D or 3D)
