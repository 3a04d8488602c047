"""Is there room for it?"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.filesize import decimal

from dermaseg_monai.errors import DataError

_UNPACKED_PER_ARCHIVE = 1.1  # JPEG and PNG hardly get smaller in an archive; the rest is half-filled disk blocks


def needed_bytes(archive_bytes: Sequence[int], *, done_bytes: int) -> int:
    """Return the room that archives need which are downloaded and unpacked one after the other.

    At the worst moment the largest archive lies beside everything unpacked. `done_bytes` are on the disk already.
    The unpacked size is an estimate (1.1 per archive); it is checked exactly before each archive is unpacked.
    """
    unpacked = int(_UNPACKED_PER_ARCHIVE * sum(archive_bytes))
    return max(0, unpacked + max(archive_bytes, default=0) - done_bytes)


def require_space(folder: Path, n_bytes: int, purpose: str) -> None:
    """Return when `folder` has room for `n_bytes`.

    Raises:
        DataError: how much is needed for which purpose, and how much there is.
    """
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise DataError(
            f"{folder} has {decimal(free)} free, {purpose} needs {decimal(n_bytes)}. Free some space, or choose "
            "another --root."
        )
