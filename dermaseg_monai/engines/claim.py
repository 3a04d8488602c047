"""The folder of a training belongs to one process at a time."""

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import make_folder
from dermaseg_monai.locks import taken

_PATIENCE_S: Final = 10.0
"""Loader workers of a training that was killed hold on to its folder for some seconds more."""
_LOOK_S: Final = 0.2


@contextmanager
def claimed(folder: Path) -> Generator[None]:
    """Hold a folder while the block runs; the system lets go when the process ends, however it ends.

    The folder itself is locked, not a file in it, so that one in which nothing was written stays empty. Windows cannot
    lock a folder: there it is left to the user.

    Raises:
        ConfigError: another training works in it.
    """
    make_folder(folder)
    if sys.platform == "win32":
        yield
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        end = time.monotonic() + _PATIENCE_S
        while not taken(number):
            if time.monotonic() >= end:
                advice = "Wait for it, stop it, or give another folder: --output_dir DIR."
                raise ConfigError(f"Another training works in {folder}. {advice}")
            time.sleep(_LOOK_S)
        yield
    finally:
        os.close(number)
