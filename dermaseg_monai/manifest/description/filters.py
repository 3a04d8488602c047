# pyright: basic
"""The few filters of SciPy that the estimates use, with their types, which SciPy itself does not state."""

from typing import Any, cast

import numpy as np
from jaxtyping import Bool, Float32, Int32
from scipy import fft, ndimage

Grid = Bool[np.ndarray, "h w"]
"""One yes or no per pixel."""

Field = Float32[np.ndarray, "h w"]
"""One number per pixel."""


def closed(values: Field, side_px: int) -> Field:
    """Return the grey closing by a square: dark things narrower than `side_px` vanish."""
    return np.asarray(ndimage.minimum_filter(ndimage.maximum_filter(values, side_px), side_px), np.float32)


def opened(values: Field, side_px: int) -> Field:
    """Return the grey opening by a square: light things narrower than `side_px` vanish."""
    return np.asarray(ndimage.maximum_filter(ndimage.minimum_filter(values, side_px), side_px), np.float32)


def highest_near(values: Field, side_px: int) -> Field:
    """Return the highest value in a square around each pixel."""
    return np.asarray(ndimage.maximum_filter(values, side_px), np.float32)


def blurred(values: Field, sigma_px: float) -> Field:
    """Return the Gaussian mean; what lies beyond the edge is taken as the nearest pixel."""
    return np.asarray(ndimage.gaussian_filter(values, sigma_px, mode="nearest"), np.float32)


def eroded(mask: Grid, side_px: int) -> Grid:
    """Return the pixels whose square of `side_px` lies in the mask, which is continued beyond the edge."""
    return np.asarray(ndimage.minimum_filter(mask, side_px), bool)


def without_threads(mask: Grid) -> Grid:
    """Return the binary opening by 2 x 2 px."""
    return np.asarray(ndimage.binary_opening(mask, np.ones((2, 2))), bool)


def widened(mask: Grid, steps: int) -> Grid:
    """Return the mask grown by so many steps up, down, left and right."""
    return np.asarray(ndimage.binary_dilation(mask, iterations=steps), bool)


def labelled(mask: Grid, *, diagonal: bool = False) -> tuple[Int32[np.ndarray, "h w"], int]:
    """Return the number, from 1, of the connected part each pixel is in (0: none), and how many there are."""
    labels = np.empty(mask.shape, np.int32)
    count = ndimage.label(mask, structure=np.ones((3, 3)) if diagonal else None, output=labels)
    return labels, int(cast("Any", count))


def distance_to(mask: Grid) -> Field:
    """Return the distance of each pixel to the mask in px, 0 inside."""
    return np.asarray(ndimage.distance_transform_edt(~mask), np.float32)


def slope(values: Field, axis: int) -> Field:
    """Return the change per px along an axis (Sobel)."""
    return np.asarray(ndimage.sobel(values, axis), np.float32) / np.float32(8)


def summed_rows(values: Field, rows: int) -> Field:
    """Return the mean over so many neighbouring rows."""
    return np.asarray(ndimage.uniform_filter1d(values, rows, axis=0), np.float32)


def autocorrelation(lines: Float32[np.ndarray, "n length"], longest_px: int) -> Float32[np.ndarray, "n lags"]:
    """Return Σ x(i) x(i + lag) of each line around its mean, for lags of 0 to `longest_px` − 1 px."""
    size = fft.next_fast_len(lines.shape[1] + longest_px, real=True)
    spectrum: Any = fft.rfft(lines - lines.mean(axis=1, keepdims=True), size, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(fft.irfft(power, size, axis=1), np.float32)[:, :longest_px]
