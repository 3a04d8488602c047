"""A folder that one process at a time works in."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import make_folder
from dermaseg_monai.locks import taken_within

_FILE: Final = "lock"


@contextmanager
def held(folder: Path, *, patience_s: float) -> Generator[int]:
    """Make a folder and hold its lock; yield the file number, which a child process that gets it holds on to as well.

    The system frees the lock when the last process that holds it is gone, however it ended.

    Raises:
        DataError: another process has held it for `patience_s`, or the folder cannot be written.
    """
    make_folder(folder)
    number = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not taken_within(number, patience_s=patience_s):
            raise DataError(f"Another process works in {folder}. Wait for it, or stop it, and run again.")
        yield number
    finally:
        os.close(number)
