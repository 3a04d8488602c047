"""One process at a time fetches into a folder."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import make_folder


@contextmanager
def sole(folder: Path) -> Generator[None]:
    """Make a folder and hold it while the block runs; the system lets go when the process ends, however it ends.

    Raises:
        DataError: another process holds it, or the folder cannot be written.
    """
    path = make_folder(folder) / "lock"
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _take(number, folder)
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(number)


def _take(number: int, folder: Path) -> None:
    if sys.platform == "win32":  # nothing like it there
        return
    import fcntl  # noqa: PLC0415 (POSIX only)

    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(f"Another process works in {folder}. Wait for it, or stop it, and run again.") from None
    except OSError:
        return  # some network file systems have no locks: as on Windows, it is left to the user
