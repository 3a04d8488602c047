"""Open JPEG, PNG, BMP and TIFF files: guarded by size, fully decoded, the right way up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import require_regular
from dermaseg_monai.images.memory import enough_memory, one_at_a_time
from dermaseg_monai.images.picture import MAX_PIXELS, PHOTOGRAPH_SUFFIXES

FORMATS = ("JPEG", "PNG", "BMP", "TIFF")
SIXTEEN_TO_EIGHT_BIT = 257  # 65535 / 255

# EXIF orientation -> what puts the picture upright (EXIF 2.32, 4.6.4 A)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)
_PNG_SIGNATURE_BYTES = 8
_PNG_CHECKSUM_BYTES = 4
_PNG_DEPTH_AT = 24


@contextmanager
def decoded(path: Path, *, least_px: int | None = None) -> Iterator[Image.Image]:
    """Decode a photograph completely and yield it upright, in the mode it is stored in.

    With `least_px` a JPEG is decoded at 1/2, 1/4 or 1/8 of its size, the smallest whose sides are that long. Whatever a
    damaged one makes Pillow raise inside the block, where its colours are converted say, is an ImageError too.

    Raises:
        ImageError: missing, unknown format, more than MAX_PIXELS, several pages, cut short or damaged.
    """
    with _opened(path) as image:
        if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
            pages = getattr(image, "n_frames", 1)
            raise ImageError(f"{path} has {pages} pages; one photograph was expected. Save the wanted page as a file.")
        orientation = _orientation(image, path)
        if least_px is not None:
            image.draft(None, (least_px, least_px))
        with one_at_a_time(image.width * image.height):
            image.load()
            yield image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def photograph_size(path: Path) -> tuple[int, int]:
    """Return rows and columns after turning upright, from the header alone. Raises: ImageError."""
    with _opened(path) as image:
        width, height = image.size
        return (width, height) if _orientation(image, path) in _SIDEWAYS else (height, width)


def to_rgb(image: Image.Image, path: Path) -> RgbImage:
    """Return 8-bit RGB, inside `decoded`: grey is repeated, 16-bit divided by 257, transparency laid on white."""
    if image.mode == "RGB" and not (image.has_transparency_data and _has_eight_bits(path)):
        return np.array(image)
    if is_deep(image):
        return np.repeat(eight_bit(image, path)[..., None], 3, axis=2)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return np.array(Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB"))
    try:
        return np.array(image.convert("RGB"))
    except ValueError as error:
        raise ImageError(f"{path} has colour mode {image.mode}. Save it as an RGB PNG or JPEG.") from error


def is_deep(image: Image.Image) -> bool:
    """Say whether the grey values have more than 8 bits."""
    return image.mode == "F" or image.mode.startswith("I")


def eight_bit(image: Image.Image, path: Path) -> np.ndarray:
    """Return deep grey values as uint8: value / 257, rounded. Raises: ImageError when they are not 16-bit integers."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > np.iinfo(np.uint16).max:
        raise ImageError(f"{path} holds values outside 0 to 65535 or fractions. Save it with 8 or 16 bits per channel.")
    half = SIXTEEN_TO_EIGHT_BIT // 2
    return ((values.astype(np.uint32) + half) // SIXTEEN_TO_EIGHT_BIT).astype(np.uint8)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        require_regular(path)
        # from a stream: by its name Pillow maps a grey TIFF into memory and, if EXIF turns it, swaps its sides
        with enough_memory(path), path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            _require_small(image, path)
            yield image
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"{path} does not exist. Check dataset_dir and the path in the manifest.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, "its header claims a huge size") from error
    except UnidentifiedImageError as error:
        raise ImageError(_unknown_format(path)) from error
    except Exception as error:  # damaged files make Pillow raise nearly anything: OSError, KeyError, struct.error, ...
        said = getattr(error, "strerror", None) or str(error)
        reason = " ".join(said.split()) or type(error).__name__
        raise ImageError(
            f"Cannot read {path}: {reason}. The file is cut short, damaged or locked; copy it again or leave it out."
        ) from error


def _require_small(image: Image.Image, path: Path) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(path, f"{height} x {width} px")


def _too_large(path: Path, size: str) -> ImageError:
    return ImageError(
        f"{path} is too large ({size}); at most {MAX_PIXELS:,} px are read. Scale the picture down first."
    )


def _unknown_format(path: Path) -> str:
    if path.stat().st_size == 0:
        return f"{path} is empty (0 bytes). Copy it again or leave it out."
    return f"{path} is not an image that can be read. Known photographs are {', '.join(PHOTOGRAPH_SUFFIXES)}."


def _orientation(image: Image.Image, path: Path) -> int:
    # Pillow turns TIFF itself (its size is already upright), and would decode a PNG without EXIF just to look for it
    if image.format == "TIFF" or (image.format == "PNG" and not _has_exif(image, path)):
        return 1
    return image.getexif().get(Base.Orientation, 1)


def _has_exif(image: Image.Image, path: Path) -> bool:
    """Say whether a PNG has EXIF; it may stand behind the pixels, where only the names of the chunks are read."""
    if "exif" in image.info:
        return True
    with path.open("rb") as file:
        file.seek(_PNG_SIGNATURE_BYTES)
        while len(head := file.read(8)) == 8:  # noqa: PLR2004 (length and name of a chunk)
            if head[4:] == b"eXIf":
                return True
            file.seek(int.from_bytes(head[:4], "big") + _PNG_CHECKSUM_BYTES, os.SEEK_CUR)
    return False


def _has_eight_bits(path: Path) -> bool:
    # Pillow compares the transparent colour of a 16-bit PNG, which it reads with 8, with what it made of the pixels
    with path.open("rb") as file:
        return file.read(_PNG_DEPTH_AT + 1)[_PNG_DEPTH_AT] == 8  # noqa: PLR2004
