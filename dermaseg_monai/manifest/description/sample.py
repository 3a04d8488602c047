"""One case as it is measured: photograph and mask on a grid whose shorter side has 256 px."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import read_image, read_mask, to_lab
from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.description.filters import Grid, distance_to

SIDE_PX = 256
"""Shorter side of the grid: a length on it means the same part of the picture whatever the camera's resolution."""

_LONGEST_PX = 4 * SIDE_PX
_SKIN_FROM_PX = 10
"""The mask is widened by this much (4 % of the shorter side) before what is left counts as skin."""


@dataclass(frozen=True)
class Sample:
    """A photograph and its mask (None where the case has none) on the grid.

    `size_px` is the original (h, w) and `lesion_px` the pixels of the original mask.
    """

    rgb: UInt8[np.ndarray, "h w 3"]
    mask: Grid | None
    size_px: tuple[int, int]
    lesion_px: int | None

    @cached_property
    def lab(self) -> Float32[np.ndarray, "h w 3"]:
        """L* (0 to 100), a*, b* of every pixel."""
        return to_lab(self.rgb)

    @cached_property
    def luma(self) -> Float32[np.ndarray, "h w"]:
        """Luma, 0 to 255 (ITU-R BT.601): what the searches for fine structure run on."""
        return self.rgb @ np.array([0.299, 0.587, 0.114], np.float32)

    @cached_property
    def away_px(self) -> Float32[np.ndarray, "h w"] | None:
        """Distance of every pixel from the lesion in grid pixels, 0 inside; None without a lesion."""
        if self.mask is None or not self.mask.any():
            return None
        return distance_to(self.mask)

    @cached_property
    def beside(self) -> Grid:
        """What lies further than 4 % of the shorter side from the lesion; everything where there is no mask."""
        if self.away_px is None:
            return np.ones(self.rgb.shape[:2], dtype=bool)
        return self.away_px > _SKIN_FROM_PX

    def ring(self, inner_px: float, outer_px: float) -> Grid | None:
        """Return what lies between two distances from the lesion; None without a lesion."""
        return None if self.away_px is None else (self.away_px > inner_px) & (self.away_px <= outer_px)


def read_sample(case: Case, dataset_dir: Path) -> Sample:
    """Read a photograph and its reference mask and bring both to the grid.

    Larger ones are averaged, smaller ones drawn larger.

    Raises:
        ImageError: a file is missing or damaged, the mask is not binary, or the two differ in size.
    """
    rgb = read_image(dataset_dir / case.image.path).pixels
    size_px = (int(rgb.shape[0]), int(rgb.shape[1]))
    mask = None if case.reference is None else read_mask(dataset_dir / case.reference.mask.path)
    if mask is not None and mask.shape != size_px:
        raise ImageError(
            f"{dataset_dir / case.image.path} has {size_px} px, its mask {mask.shape}. "
            "Save the mask on the grid of its photograph."
        )
    return sample_of(rgb, mask)


def sample_of(rgb: UInt8[np.ndarray, "rows columns 3"], mask: Bool[np.ndarray, "rows columns"] | None) -> Sample:
    """Bring a photograph and its mask to the grid."""
    height, width = int(rgb.shape[0]), int(rgb.shape[1])
    zoom = SIDE_PX / min(height, width)
    # a strip of one pixel by a million must not become a picture of 256 by 256 million
    shape = (min(_LONGEST_PX, round(width * zoom)), min(_LONGEST_PX, round(height * zoom)))
    small = Image.fromarray(rgb).resize(shape, Image.Resampling.BILINEAR, reducing_gap=3.0)
    cover = None
    if mask is not None:
        grey = Image.fromarray(mask.astype(np.uint8) * 255).resize(shape, Image.Resampling.BILINEAR, reducing_gap=3.0)
        cover = np.asarray(grey) > 127  # noqa: PLR2004 (half of 255)
    return Sample(
        rgb=np.asarray(small),
        mask=cover,
        size_px=(height, width),
        lesion_px=None if mask is None else int(mask.sum()),
    )
