"""The one reader of images: rows before columns for every photograph, x, y, z for every volume."""

from pathlib import Path

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.images.photographs import decoded, photograph_size, to_rgb
from dermaseg_monai.images.picture import Picture
from dermaseg_monai.images.volumes import is_volume, read_volume, volume_size


def read_image(path: str | Path) -> Picture:
    """Read a photograph as uint8 "h w 3", EXIF orientation honoured, or a NIfTI volume as float32 "x y z".

    Grey becomes RGB, 16-bit values are divided by 257, transparency is laid on white.

    Raises:
        ImageError: missing, unknown format, cut short, damaged, or larger than MAX_PIXELS (before decoding).
    """
    source = Path(path)
    if is_volume(source):
        return read_volume(source)
    with decoded(source) as image:
        return Picture(to_rgb(image, source))


def read_small(path: str | Path, *, least_px: int) -> RgbImage:
    """Read a photograph for a thumbnail, a JPEG at a size near `least_px` (both sides at least) and so much faster.

    Raises:
        ImageError: as `read_image`.
    """
    source = Path(path)
    with decoded(source, least_px=least_px) as image:
        return to_rgb(image, source)


def measure(path: str | Path) -> tuple[int, ...]:
    """Return (h, w) of a photograph as `read_image` gives it, or (x, y, z) of a volume, from the header alone.

    Raises:
        ImageError: missing, unknown format or larger than MAX_PIXELS.
    """
    source = Path(path)
    return volume_size(source) if is_volume(source) else photograph_size(source)
