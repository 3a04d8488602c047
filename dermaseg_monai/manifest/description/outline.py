"""How the outline of a lesion was made: a line set by hand is smooth, what a program filled or found is ragged."""

from typing import Final

import numpy as np

from dermaseg_monai.manifest.description.filters import Grid, blurred, eroded, labelled
from dermaseg_monai.manifest.description.sample import SIDE_PX, Sample

_SMOOTHING_PX: Final = 0.01 * SIDE_PX
_LEAST_SHARE: Final = 0.01
"""Smoothing rounds a smaller lesion off, however smooth it is: a disc of 1 % of the picture has a roughness of 0.07."""

Values = dict[str, float | None]


def outline(sample: Sample) -> Values:
    """Return how ragged the outline is and how many holes it leaves; None without a mask or where it is empty.

    `outline_roughness`: how far the outline moves on average when the mask is smoothed (Gaussian of 1 % of the
    shorter side, then cut at one half), in % of the shorter side, 0 upwards; the picture's edge is no outline. None
    where the lesion covers less than 1 % of the picture, or all of it. `lesion_holes`: patches of skin that the lesion
    encloses, of any size on the grid.
    """
    mask = sample.mask
    if mask is None or not mask.any():
        return {"outline_roughness": None, "lesion_holes": None}
    return {"outline_roughness": _roughness(mask), "lesion_holes": float(_holes(mask))}


def _roughness(mask: Grid) -> float | None:
    contour_px = int((mask & ~eroded(mask, 3)).sum())
    if contour_px == 0 or mask.mean() < _LEAST_SHARE:
        return None
    smooth = blurred(mask.astype(np.float32), _SMOOTHING_PX) >= 0.5  # noqa: PLR2004 (one half)
    return 100 * float((smooth ^ mask).sum()) / contour_px / SIDE_PX


def _holes(mask: Grid) -> int:
    labels, count = labelled(~mask)
    outside = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return count - int((outside > 0).sum())
