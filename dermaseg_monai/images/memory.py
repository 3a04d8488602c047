"""What large pictures may take while they are read: one at a time, and an error of their own where it is too much."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import ImageError

LARGE: Final = 25_000_000
"""A picture or volume of more pixels or voxels is read while no other one of that kind is."""

_TURN = threading.Lock()


@contextmanager
def one_at_a_time(count: int) -> Iterator[None]:
    """Wait, before a picture of more than LARGE pixels or voxels is decoded, until no other such one is.

    Up to 18 bytes are needed for a pixel (RGBA laid on white) and 16 for a voxel (scaled float64), so that eight
    threads with pictures of the size that is allowed would take 15 GB. An error would not tell of it: where memory runs
    out the system mostly ends the process before Python sees a MemoryError.
    """
    with _TURN if count > LARGE else nullcontext():
        yield


@contextmanager
def enough_memory(path: Path) -> Iterator[None]:
    """Make of a MemoryError, which a limit on the process gives, an ImageError that costs this picture alone."""
    try:
        yield
    except MemoryError as error:
        raise ImageError(
            f"There is not enough memory to read {path}. Close other programs, make it smaller or leave it out."
        ) from error
