"""How many readers call a pixel lesion: the counts that kappa and alpha are made of, on a band around the lesion.

Skin far from every outline is agreed on by everybody, and there is any amount of it: kappa on whole images rises with
the distance of the camera. The band leaves it out. It is the union of all outlines of a case and the skin up to
`band_diameters` times the union's equivalent diameter away from it, within the image; for a disc and 0.2 that is about
as much skin as lesion. No pixel on which two outlines differ lies outside, so the band hides no disagreement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Bool
from scipy import ndimage

from dermaseg_monai.agreement.mask_facts import equivalent_diameter, size_of
from dermaseg_monai.agreement.unit import Spacing
from dermaseg_monai.agreement.voters import first_outlines
from dermaseg_monai.metrics.grid import bounding_box

VOTE_COLUMNS: Final = ("case_id", "readers", "lesion_readers", "band_px", "image_px")
"""A row for each case and number of readers: so many pixels of the band and of the image has that many call lesion.

In a volume `band_px` and `image_px` count voxels."""


@dataclass(frozen=True)
class Votes:
    """The counts of all cases (`VOTE_COLUMNS`) and how wide the band was, in equivalent diameters of the union."""

    table: pd.DataFrame
    band_diameters: float

    def of_cases(self, case_ids: Sequence[str]) -> "Votes":
        """Return the counts of these cases."""
        return Votes(self.table[self.table["case_id"].isin(set(case_ids))], self.band_diameters)


def count_votes(
    case_id: str,
    annotators: Sequence[str],
    masks: Sequence[Bool[np.ndarray, "..."]],
    *,
    band_diameters: float,
    spacing_mm: Spacing = None,
) -> list[dict[str, Any]]:
    """Return the rows of one case; the first outline of each annotator votes, all of them make the band.

    Where no outline holds a pixel there is no band: its counts are 0.

    Args:
        case_id: the case.
        annotators: who drew each mask.
        masks: boolean, on one grid.
        band_diameters: width of the band outside the union, in equivalent diameters of the union.
        spacing_mm: size of a voxel, so that the band is as wide along every axis.
    """
    if not masks:
        return []
    voters = [masks[at] for at in first_outlines(annotators)]
    lesion = np.zeros(len(voters) + 1, dtype=np.int64)
    band_px = 0
    union = np.logical_or.reduce(masks)
    box = bounding_box(union)
    if box is not None:
        tally = np.add.reduce([mask[box].astype(np.int16) for mask in voters])
        lesion += np.bincount(tally.ravel(), minlength=len(voters) + 1)
        size = size_of(int(np.count_nonzero(union[box])), spacing_mm)
        band_px = _within(union, box, band_diameters * equivalent_diameter(float(size), union.ndim), spacing_mm)
    lesion[0] = 0
    return [
        {"case_id": case_id, "readers": len(voters), "lesion_readers": count}
        | {
            name: int(lesion[count]) if count else total - int(lesion.sum())
            for name, total in (("band_px", band_px), ("image_px", union.size))
        }
        for count in range(len(voters) + 1)
    ]


def _within(union: np.ndarray, box: tuple[slice, ...], width: float, spacing_mm: Spacing) -> int:
    steps = (1.0,) * union.ndim if spacing_mm is None else spacing_mm
    around = tuple(
        slice(max(0, side.start - ceil(width / step)), min(length, side.stop + ceil(width / step)))
        for side, length, step in zip(box, union.shape, steps, strict=True)
    )
    # SciPy's types leave open what comes out
    distance: Any = ndimage.distance_transform_edt(~union[around], sampling=spacing_mm)
    return int(np.count_nonzero(distance <= width))
