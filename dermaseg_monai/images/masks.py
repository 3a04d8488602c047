"""Read lesion masks and probability maps."""

from pathlib import Path

import numpy as np
from PIL import Image

from dermaseg_monai.arrays import BoolMask, Probability
from dermaseg_monai.errors import ImageError
from dermaseg_monai.images.memory import enough_memory
from dermaseg_monai.images.photographs import decoded, eight_bit, is_deep
from dermaseg_monai.images.volumes import is_volume, read_volume

LESION_ABOVE = 128  # of 255, as ISIC's own scorer does
WHITE = 255
NEAR_THE_ENDS = 32  # JPEG noise around 0 and 255 is still binary


def read_mask(path: str | Path, *, allow_grey: bool = False) -> BoolMask:
    """Read a mask as bool, True inside the lesion, on the same grid as `read_image` and `measure`.

    Two-valued masks (0/255, 0/1, 1-bit, 0 and any one other value or colour, of any depth) are taken as they are. In
    others (a mask saved as JPEG) values above 128 of 255 are lesion; values further than 32 from both 0 and 255 are
    refused unless `allow_grey`, and volumes must be two-valued.

    Raises:
        ImageError: as `read_image`; also a mask that is not binary.
    """
    source = Path(path)
    if is_volume(source):
        with enough_memory(source):
            return _lesion(None, source, allow_grey=allow_grey)
    with decoded(source) as image:
        return _lesion(image, source, allow_grey=allow_grey)


def _lesion(image: Image.Image | None, source: Path, *, allow_grey: bool) -> BoolMask:
    """Return the lesion of a picture, or of the volume `source` where there is none."""
    values = read_volume(source).pixels if image is None else _levels(image, source)
    deep = image is not None and is_deep(image)
    low, high = float(values.min()), float(values.max())
    two_valued = bool(((values == low) | (values == high)).all())
    if image is None and not (values == np.rint(values)).all():
        raise _not_binary(source, f"values from {low:g} to {high:g} that are no whole numbers")
    if two_valued and (low == 0 or (low == high and _is_lesion(high, deep=deep))):
        return values != 0
    if image is not None and deep:
        values = eight_bit(image, source)
    if not allow_grey and (image is None or not _is_binary(values)):
        raise _not_binary(source, f"values from {low:g} to {high:g} that are not two levels, black and white")
    return values > LESION_ABOVE


def read_probability(path: str | Path) -> Probability:
    """Read a probability map as float32 in [0, 1]: PNG value / 65535 (or / 255 for 8 bits), or a NIfTI of fractions.

    Raises:
        ImageError: as `read_image`; also a coloured picture, or NIfTI values outside [0, 1].
    """
    source = Path(path)
    if is_volume(source):
        values = read_volume(source).pixels
        if values.min() < 0 or values.max() > 1:
            raise ImageError(f"{source} holds values outside 0 to 1. Write probabilities, not logits.")
        return values
    with decoded(source) as image:
        if image.mode == "L":
            return np.asarray(image, dtype=np.float32) / np.float32(WHITE)
        if not image.mode.startswith("I;16"):
            raise ImageError(f"{source} has colour mode {image.mode}; a grey 16-bit PNG was expected (value / 65535).")
        return np.asarray(image).astype(np.float32) / np.float32(np.iinfo(np.uint16).max)


def _levels(image: Image.Image, source: Path) -> np.ndarray:
    """Grey values as stored: to scale deep ones first would make a lesion of 100 as black as the skin."""
    if image.mode == "1":
        return np.asarray(image, dtype=np.uint8)
    if is_deep(image):
        return np.asarray(image)
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (WHITE, WHITE):
        raise _not_binary(source, "transparent pixels")
    try:
        grey = image.convert("L")
        if image.mode == "L" or grey.getextrema() != (0, 0):
            return np.asarray(grey)
        colours = image if image.mode == "RGB" else image.convert("RGB")  # the grey of a very dark one is 0 too
    except ValueError as error:
        raise _not_binary(source, f"colour mode {image.mode}") from error
    return np.asarray(colours).max(axis=2) if colours.getextrema() != ((0, 0),) * 3 else np.asarray(grey)


def _is_lesion(level: float, *, deep: bool) -> bool:
    """Say whether a mask of one level is all lesion; of a deep one near white that shows when it is scaled."""
    return level in (1, WHITE) or (not deep and level >= WHITE - NEAR_THE_ENDS)


def _is_binary(values: np.ndarray) -> bool:
    """Say whether every value is near black or near white, and some are near white."""
    black, white = values <= NEAR_THE_ENDS, values >= WHITE - NEAR_THE_ENDS
    return bool((black | white).all() and white.any())


def _not_binary(source: Path, found: str) -> ImageError:
    return ImageError(
        f"{source} is not a binary mask: found {found}. Save it with 0 for skin and 255 (volumes: 1) for lesion."
    )
