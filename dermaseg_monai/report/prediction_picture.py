"""What a person sees of one predicted photograph: its outline, the map of uncertainty, and what its mask is like."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib import colormaps
from PIL import Image

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import draw_outline, overlay, read_mask, read_probability
from dermaseg_monai.images.memory import enough_memory
from dermaseg_monai.manifest.mask_findings import MaskFacts, measure_mask
from dermaseg_monai.report.outlined_image import outlined_image
from dermaseg_monai.report.palette import MAP_COLOURS

UNCERTAINTY: Final = "uncertainty"
_WHITE: Final = (255, 255, 255)
_GREY: Final = 168
_LESION: Final = 128
"""Of 255: half of a reduced pixel."""


@dataclass(frozen=True)
class PredictionPicture:
    """A photograph of a prediction folder, reduced.

    Attributes:
        outlined: the photograph with its outline; grey with the outline where it cannot be shown.
        uncertainty: the map in colours with the outline in white; None where there is none.
        facts: of the mask at its original size.
        remarks: what could not be read.
    """

    outlined: RgbImage
    uncertainty: RgbImage | None
    facts: MaskFacts
    remarks: tuple[str, ...]


def draw_prediction(folder: Path, file: str, *, side_px: int) -> PredictionPicture:
    """Draw the case whose files are called `file`, its longer side `side_px`; one original is in memory at a time.

    A line of the overlay would be thinner than a pixel once it is reduced, so it is drawn again.

    Raises:
        ImageError: its mask cannot be read, or there is not enough memory.
    """
    path = folder / "masks" / file
    with enough_memory(path):
        mask = read_mask(path)
        facts, shape = measure_mask(mask), mask.shape
        size = _shown_size(shape, side_px)
        small = _resized(mask.astype(np.uint8) * np.uint8(255), size) >= _LESION
        del mask
        found = outlined_image(folder / "overlays" / file, path)
        remarks = () if found is not None else _lost(folder, "overlays", "The photograph cannot be shown.")
        photograph = np.full((*small.shape, 3), _GREY, dtype=np.uint8) if found is None else _resized(found, size)
        del found
        coloured, lost = _coloured(folder, file, small, mask_shape=shape)
    return PredictionPicture(overlay(photograph, small), coloured, facts, remarks + lost)


def _coloured(
    folder: Path, file: str, small: BoolMask, *, mask_shape: tuple[int, ...]
) -> tuple[RgbImage | None, tuple[str, ...]]:
    """Return the map of uncertainty in colours at the size of the reduced mask, and what could not be read."""
    try:
        values = read_probability(folder / UNCERTAINTY / file)
    except ImageError:
        values = None
    if values is None or values.shape != mask_shape:
        return None, _lost(folder, UNCERTAINTY, "Its map of uncertainty cannot be read.")
    reduced = _resized(values, (small.shape[1], small.shape[0]))
    return draw_outline(colormaps[MAP_COLOURS[UNCERTAINTY]](reduced, bytes=True)[..., :3], small, _WHITE), ()


def _lost(folder: Path, part: str, words: str) -> tuple[str, ...]:
    # a sub-folder that is not there belongs to no case of this prediction
    return (words,) if (folder / part).is_dir() else ()


def _shown_size(shape: tuple[int, ...], side_px: int) -> tuple[int, int]:
    """Return width and height for Pillow."""
    height, width = (max(1, round(side * side_px / max(shape))) for side in shape)
    return width, height


def _resized(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    # whole blocks first: of 12 million pixels that takes a tenth of the time
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
