"""Write masks, probabilities and pictures whole or not at all, and without EXIF: they are made from arrays only."""

from pathlib import Path

import numpy as np
from PIL import Image

from dermaseg_monai.arrays import BoolMask, Probability, RgbImage
from dermaseg_monai.files import replacing
from dermaseg_monai.images.picture import Picture
from dermaseg_monai.images.volumes import is_volume, write_volume

ROUNDING = 1e-4
"""Interpolation may leave [0, 1] by a rounding error; so much is clipped, more is an error."""


def write_mask(path: str | Path, mask: BoolMask, *, like: Picture | None = None) -> None:
    """Write a mask as an 8-bit PNG of 0 and 255, or a volume as NIfTI of 0 and 1 with the geometry of `like`.

    Raises:
        ValueError: `mask` is not of type bool.
        DataError: the file cannot be written.
    """
    if mask.dtype != np.bool_:
        raise ValueError(f"A mask is an array of bool; got {mask.dtype} for {path}. Threshold it first.")
    if is_volume(path):
        write_volume(Path(path), mask.astype(np.uint8), like)
    else:
        _write_png(path, mask.astype(np.uint8) * np.uint8(255))


def write_probability(path: str | Path, probability: Probability, *, like: Picture | None = None) -> None:
    """Write probabilities as a 16-bit PNG of value * 65535, or a volume as float32 NIfTI with the geometry of `like`.

    Raises:
        ValueError: a value outside [0, 1], or NaN.
        DataError: the file cannot be written.
    """
    low, high = float(np.min(probability)), float(np.max(probability))
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise ValueError(f"Probabilities lie in [0, 1]; got {low:g} to {high:g} for {path}. Apply the sigmoid first.")
    values = probability.astype(np.float32).clip(0, 1)
    if is_volume(path):
        write_volume(Path(path), values, like)
    else:
        _write_png(path, np.rint(values * np.float32(np.iinfo(np.uint16).max)).astype(np.uint16))


def write_rgb(path: str | Path, rgb: RgbImage) -> None:
    """Write a picture as PNG, JPEG, BMP or TIFF by its suffix; JPEG with quality 95 and full colour resolution.

    Raises:
        DataError: the file cannot be written.
    """
    with replacing(path) as temporary:
        Image.fromarray(rgb).save(temporary, quality=95, subsampling=0)


def _write_png(path: str | Path, values: np.ndarray) -> None:
    with replacing(path) as temporary:
        Image.fromarray(values).save(temporary, format="PNG", compress_level=3)
