"""What lies beside the lesion and is no skin: dark corners, marker ink, coloured patches, reflections."""

from typing import Final

import numpy as np

from dermaseg_monai.manifest.description.filters import Grid, eroded, labelled, opened, without_threads
from dermaseg_monai.manifest.description.sample import Sample

_DARK: Final = 0.35
"""Of the picture's median brightness: darker than this is no lit skin."""
_BLUER: Final = -10.0
_GREENER: Final = -13.0
_GREEN: Final = 3.0
_YELLOWER: Final = 24.0
"""Steps of a* and b* away from skin (darkened as the pixel is) that neither lesions nor vessels make."""
_PATCH_PX: Final = 15
"""A patch holds a square of this side (6 % of the shorter side); thinner foreign colour is ink."""
_LEAST_INK_PX: Final = 24
_WHITE: Final = 248
_WHITE_RANGE: Final = 22
_GLINT: Final = 30.0
_SPOT_PX: Final = 5


def dark_corners(sample: Sample) -> Grid:
    """Return the dark regions (brightest channel below 35 % of its median) that reach a corner and are no lesion."""
    brightest = sample.rgb.max(axis=2)
    dark = brightest < _DARK * np.median(brightest[::2, ::2])
    if sample.mask is not None:
        dark &= ~sample.mask
    if not any(dark[row, column] for row in (0, -1) for column in (0, -1)):
        return np.zeros_like(dark)
    labels, _ = labelled(dark)
    corners = {int(labels[row, column]) for row in (0, -1) for column in (0, -1)} - {0}
    return np.isin(labels, list(corners))


def reflections(sample: Sample) -> Grid:
    """Return white pixels (all channels within 22 of each other, the brightest at least 248) and small bright spots.

    A spot is 30 levels lighter than what an opening of 5 px leaves of the luma. White paper and overexposed skin
    count as well.
    """
    brightest = sample.rgb.max(axis=2)
    white = (brightest >= _WHITE) & (brightest - sample.rgb.min(axis=2) <= _WHITE_RANGE)
    return white | (sample.luma - opened(sample.luma, _SPOT_PX) > _GLINT)


def foreign_colour(sample: Sample, ignored: Grid) -> tuple[Grid, Grid]:
    """Return marker ink and coloured patches beside the lesion: colours that skin does not have.

    The reference is the median a*, b* of what lies beside the lesion, made paler as far as a pixel is darker. Bluer by
    more than 10, greener by more than 13 (and a* below 3) or yellower by more than 24 steps is foreign. Regions that
    hold a square of 6 % of the shorter side are patches (stickers, drapes); smaller ones are ink. `ignored` pixels are
    neither.
    """
    allowed = sample.beside & ~ignored
    if np.count_nonzero(allowed) < _LEAST_INK_PX:
        return np.zeros_like(allowed), np.zeros_like(allowed)
    skin = np.median(sample.lab[allowed], axis=0)
    paler = np.minimum(1, np.maximum(sample.lab[..., 0], 1) / max(float(skin[0]), 1.0))
    redder = sample.lab[..., 1] - skin[1] * paler
    yellower = sample.lab[..., 2] - skin[2] * paler
    green = (redder < _GREENER) & (sample.lab[..., 1] < _GREEN)  # brown on pink skin is less red too, but not green
    foreign = ((yellower < _BLUER) | green | (yellower > _YELLOWER)) & allowed
    foreign = without_threads(foreign)
    if not foreign.any():
        return foreign, foreign
    labels, _ = labelled(foreign)
    large = np.unique(labels[eroded(foreign, _PATCH_PX)])
    patches = np.isin(labels, large[large > 0])
    specks = np.bincount(labels.ravel()) < _LEAST_INK_PX
    return foreign & ~patches & ~specks[labels], patches
