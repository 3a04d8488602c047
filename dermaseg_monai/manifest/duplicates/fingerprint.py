"""256 bits of a picture that resizing, recompression and other colours hardly change."""

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import numpy as np
from jaxtyping import Bool, Float, UInt64
from PIL import Image
from scipy import fft, ndimage  # pyright: ignore[reportMissingTypeStubs]

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.manifest.duplicates.windows import Window

SIDE: Final = 16
WORDS: Final = SIDE * SIDE // 64
VERSION: Final = 1
"""Goes up with every change of what the bits mean, so that no cache mixes two kinds."""

GRID_PX: Final = 64
_dctn = cast("Callable[..., np.ndarray]", cast("Any", fft).dctn)  # SciPy has no types
_blurred = cast("Callable[..., np.ndarray]", cast("Any", ndimage).gaussian_filter)
_HALF: Final = SIDE // 2
_LOCAL_PX: Final = 4.0
_NOISE: Final = 2.0
_PLAIN: Final = 2.0

Words = UInt64[np.ndarray, "n 4"]
"""Fingerprints, 256 bits each; the first word holds the 64 coarsest."""

Bits = Bool[np.ndarray, "n 16 16"]
"""The same, a bit per vertical and horizontal frequency."""


def fingerprints(image: RgbImage, windows: Sequence[Window]) -> list[np.ndarray | None]:
    """Return the fingerprint of every window, None where a window shows nothing (a plain area).

    Brightness on 64 x 64 px, in steps of its local spread (a Gaussian of 4 px, so that hair and skin count as much as
    the dark lesion in the middle that all pictures have), then the signs of its 16 x 16 coarsest cosines.
    A square picture has no windows of square shape, as they are its other ones.

    Source: DCT signs as in pHash (Zauner 2010); the division by the local spread is ours, because without it small
    lesions on clean skin all look alike.
    """
    grey = Image.fromarray(image).convert("L")
    square = grey.width == grey.height
    return [None if square and window.shape == "square" else _fingerprint(grey, window) for window in windows]


def pack(bits: Bits) -> Words:
    """Return bits as four words each, the coarsest 8 x 8 frequencies first."""
    quarters = bits.reshape(-1, 2, _HALF, 2, _HALF).transpose(0, 1, 3, 2, 4).reshape(len(bits), SIDE * SIDE)
    return np.packbits(quarters, axis=1).view(np.uint64)


def unpack(words: Words) -> Bits:
    """Return what `pack` was given."""
    quarters = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1).astype(bool)
    return quarters.reshape(-1, 2, 2, _HALF, _HALF).transpose(0, 1, 3, 2, 4).reshape(-1, SIDE, SIDE)


def _fingerprint(grey: Image.Image, window: Window) -> np.ndarray | None:
    box = window.box_px(grey.width, grey.height)
    small = np.asarray(grey.resize((GRID_PX, GRID_PX), Image.Resampling.BOX, box=box), dtype=np.float32)
    if small.std() < _PLAIN:
        return None
    bits = _dctn(_levelled(small), norm="ortho")[:SIDE, :SIDE] > 0
    bits[0, 0] = False  # the mean, which says nothing here
    return pack(bits[None])[0]


def _levelled(grey: Float[np.ndarray, "64 64"]) -> Float[np.ndarray, "64 64"]:
    """Return the distance from the local mean in local standard deviations; below 2 grey levels it fades."""
    local = grey - _blurred(grey, _LOCAL_PX)
    return local / (np.sqrt(_blurred(local * local, _LOCAL_PX)) + _NOISE)
