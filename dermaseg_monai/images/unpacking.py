"""Unpack a gzip file beside the work, block by block and no further than was promised."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import replacing
from dermaseg_monai.images.stored_volume import READ_ERRORS, unreadable

_PIECE_BYTES = 1 << 20


@contextmanager
def unpacked(path: Path, folder: Path, *, size_bytes: int) -> Iterator[Path]:
    """Yield the unpacked copy of a .nii.gz in `folder`, which is removed when the block ends.

    A file that goes on for more than 1 MiB behind `size_bytes` (from the header of the volume) is refused: a few
    kilobytes can unpack to terabytes. At most these bytes are written, and the checksum of the file is compared.

    Raises:
        ImageError: the file is cut short, damaged, or longer than promised.
        DataError: no space is left.
        ValueError: `size_bytes` is negative.
    """
    if size_bytes < 0:  # to read so many bytes would mean all of them
        raise ValueError(f"size_bytes must be at least 0; got {size_bytes} for {path}.")
    plain = folder / "unpacked.nii"
    try:
        with replacing(plain) as draft, draft.open("wb") as target:
            _copy(path, target, size_bytes)
        yield plain
    finally:
        plain.unlink(missing_ok=True)


def _copy(path: Path, target: BinaryIO, size_bytes: int) -> None:
    left = size_bytes
    try:
        with gzip.open(path, "rb") as packed:
            while left and (piece := packed.read(min(left, _PIECE_BYTES))):
                target.write(piece)
                left -= len(piece)
            # reading on to the end compares the checksum
            beyond = len(packed.read(_PIECE_BYTES + 1))
    except READ_ERRORS as error:
        raise unreadable(path, error) from error
    if left:
        raise unreadable(path, EOFError(f"{left:,} of {size_bytes:,} bytes are missing"))
    if beyond > _PIECE_BYTES:
        raise ImageError(
            f"{path} unpacks to more than the {size_bytes:,} bytes that its header promises. "
            "It may be made to fill the disk; export the volume again or leave it out."
        )
