"""One process at a time fetches into a folder."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import make_folder
from dermaseg_monai.locks import taken


@contextmanager
def sole(folder: Path) -> Generator[None]:
    """Make a folder and hold it while the block runs; the system lets go when the process ends, however it ends.

    Raises:
        DataError: another process holds it, or the folder cannot be written.
    """
    path = make_folder(folder) / "lock"
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not taken(number) or not _is(path, number):
            raise DataError(f"Another process works in {folder}. Wait for it, or stop it, and run again.")
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(number)


def _is(path: Path, number: int) -> bool:
    """Say whether the open file is the one in the folder: who held it before may just have removed it."""
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except FileNotFoundError:
        return False
