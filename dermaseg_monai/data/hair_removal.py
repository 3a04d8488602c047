"""Digital shaving: dark hairs are found by their shape and painted over from what lies beside them."""

from typing import Final

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask, RgbImage

_ACROSS: Final = (8, 0.035)
_ALONG: Final = (24, 0.10)
"""Angles, and length of the lines by the shorter side: a hair is thinner than the one and straight over the other."""
_SURE, _LIKELY = 20.0, 10.0
_SHORTEST: Final = 0.12
_MOST: Final = 0.5
"""Cover above which nothing is painted over: the picture would be invented, not shaved."""
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def remove_hair(image: RgbImage) -> RgbImage:
    """Return the picture without the hairs that `hair_mask` finds; every other pixel keeps its value.

    A hair's pixels become the mean of the pixels around that show skin or lesion, the near ones weighing most.
    Source: DullRazor, doi:10.1016/S0010-4825(97)00020-6; see `hair_mask` for what was changed. DullRazor reads the
    filling from a line across the hair and smooths with a median afterwards.
    """
    hairs = hair_mask(image)
    if not hairs.any() or hairs.mean() > _MOST:
        return image
    out = image.copy()
    out[hairs] = np.rint(_filling(image, hairs))[hairs].astype(np.uint8)
    return out


def hair_mask(image: RgbImage) -> BoolMask:
    """Return where dark hairs lie.

    Grey closings: short lines across a hair bridge it, longer lines along it do not, at any angle. The mean of the two
    largest closings across minus the smallest along is high on hairs, and low on dots, edges and most pigment network,
    which some long line bridges too. Kept are components that hold a pixel above 20 of 255 grey values, go on above 10,
    and are longer than 12 % of the shorter side; then one pixel more on all sides. Source: DullRazor (see
    `remove_hair`), which closes each colour in three directions with lines of 11 pixels and then asks of each pixel for
    a straight, thin path; here lines scale with the picture and one measure of shape does both. Rulers are found too,
    dense dark network in part, light hair not.
    """
    grey = image.astype(np.float32) @ _GREY
    across, along = (
        np.stack([_closed(grey, line) for line in _lines(grey.shape, *kind)]) for kind in (_ACROSS, _ALONG)
    )
    contrast = np.sort(across, axis=0)[-2:].mean(axis=0) - along.min(axis=0)
    labels = np.zeros(contrast.shape, np.int32)
    ndimage.label(contrast > _LIKELY, np.ones((3, 3)), output=labels)
    found = np.zeros(labels.max() + 1, bool)
    found[np.unique(labels[contrast > _SURE])] = True
    shortest_px = _SHORTEST * min(grey.shape)
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        found[number] &= np.hypot(*(side.stop - side.start for side in box)) >= shortest_px
    found[0] = False
    return ndimage.binary_dilation(found[labels], np.ones((3, 3), bool))


def _lines(shape: tuple[int, ...], angles: int, length: float) -> list[BoolMask]:
    """Return lines through the middle of a square at evenly spaced angles, one pixel wide."""
    reach = max(2, round(length * min(shape) / 2))
    steps = np.linspace(-reach, reach, 4 * reach + 1)
    lines = []
    for angle_rad in np.pi * np.arange(angles) / angles:
        line = np.zeros((2 * reach + 1, 2 * reach + 1), bool)
        row, column = (reach + np.rint(steps * turn).astype(int) for turn in (np.sin(angle_rad), np.cos(angle_rad)))
        line[row, column] = True
        lines.append(line)
    return lines


def _closed(grey: Float32[np.ndarray, "h w"], line: BoolMask) -> Float32[np.ndarray, "h w"]:
    return ndimage.grey_closing(grey, footprint=line, mode="nearest")


def _filling(image: RgbImage, hairs: BoolMask) -> Float32[np.ndarray, "h w 3"]:
    sigma_px = max(1.0, _ACROSS[1] * min(hairs.shape) / 3)
    shown = (~hairs).astype(np.float32)
    total, weight = np.zeros(image.shape, np.float32), np.full(hairs.shape, 1e-6, np.float32)
    # wide places have nothing near: what lies farther away weighs little, but it is there
    for spread, part in ((1, 1.0), (4, 1e-3)):
        sigma = spread * sigma_px
        blurred = ndimage.gaussian_filter(image * shown[..., None], (sigma, sigma, 0), truncate=3)
        total += np.float32(part) * blurred
        weight += np.float32(part) * ndimage.gaussian_filter(shown, sigma, truncate=3)
    return total / weight[..., None]
