"""A lesion mask without learning: Otsu on the blue channel, away from dark corners."""

import numpy as np
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.prompting.component import numbered_parts
from dermaseg_monai.prompting.otsu import otsu_level

WORKING_PX = 256
"""The long side of the picture that is worked on; a larger one is averaged down to at most this."""

_DARK = 50
_BLUR = 0.01
_MARGIN = 0.02
_SMALLEST = 0.005


def classical_mask(image: RgbImage) -> BoolMask:
    """Return the darkest part of the skin that lies near the middle; empty where there is none.

    1. The picture is averaged down to WORKING_PX; the blue channel, in which melanin is darkest against skin, is
       smoothed by 1 % of the long side, which takes hairs out.
    2. Dark corners (every channel below 50 of 255, joined to a corner) and 2 % of the long side around them are left
       out: they are the microscope's, and would pull the threshold.
    3. Pixels at or below Otsu's level of what remains are candidates, holes filled, parts below 0.5 % of it dropped.
    4. Of the candidates the one with the most pixels wins, a pixel counting exp(-d²/2), d its distance from the
       middle of the picture in half sides; parts at the edge thus need to be much larger.
    """
    small = _reduced(image)
    long_px = max(small.shape[:2])
    blue = ndimage.gaussian_filter(small[..., 2], sigma=_BLUR * long_px)
    skin = _without_corners(small, margin_px=round(_MARGIN * long_px))
    level = otsu_level(blue.astype(np.uint8)[skin]) if skin.any() else None
    if level is None:
        return np.zeros(image.shape[:2], dtype=bool)
    candidates = np.asarray(ndimage.binary_fill_holes(skin & (blue.astype(np.uint8) <= level)), dtype=bool)
    return _enlarged(_most_central(candidates, smallest_px=_SMALLEST * skin.sum()), image.shape[:2])


def _reduced(image: RgbImage) -> np.ndarray:
    step = _step(image.shape[:2])
    rows, columns = (size // step * step for size in image.shape[:2])
    blocks = image[:rows, :columns].reshape(rows // step, step, columns // step, step, 3)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def _step(size_px: tuple[int, ...]) -> int:
    # at least one block on the short side, however narrow the picture
    return max(1, min(-(-max(size_px) // WORKING_PX), *size_px))


def _without_corners(small: np.ndarray, *, margin_px: int) -> BoolMask:
    parts = numbered_parts(small.max(axis=2) < _DARK)
    at_corner = {int(parts[row, column]) for row in (0, -1) for column in (0, -1)} - {0}
    corners = np.isin(parts, sorted(at_corner))
    if corners.any() and margin_px > 0:
        corners = np.asarray(ndimage.binary_dilation(corners, iterations=margin_px), dtype=bool)
    return ~corners


def _most_central(candidates: BoolMask, *, smallest_px: float) -> BoolMask:
    parts = numbered_parts(candidates)
    if not candidates.any():
        return candidates
    rows, columns = (np.linspace(-1, 1, size) if size > 1 else np.zeros(1) for size in candidates.shape)
    weight = np.exp(-(rows[:, None] ** 2 + columns**2) / 2)
    numbers = np.arange(1, parts.max() + 1)
    sizes, weights = (ndimage.sum_labels(of, parts, numbers) for of in (np.ones_like(weight), weight))
    weights = np.where(sizes >= smallest_px, weights, 0)
    if weights.max() == 0:
        return np.zeros_like(candidates)
    return parts == numbers[weights.argmax()]


def _enlarged(mask: BoolMask, size_px: tuple[int, ...]) -> np.ndarray:
    step = _step(size_px)
    large = mask.repeat(step, axis=0).repeat(step, axis=1)
    missing = [(0, size - have) for size, have in zip(size_px, large.shape, strict=True)]
    return np.pad(large, missing, mode="edge")
