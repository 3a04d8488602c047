"""The folder of a training belongs to one process at a time."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import make_folder
from dermaseg_monai.locks import taken_within

_PATIENCE_S: Final = 10.0
"""Loader workers of a training that was killed hold on to its folder for some seconds more."""


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
        if not taken_within(number, patience_s=_PATIENCE_S):
            advice = "Wait for it, stop it, or give another folder: --output_dir DIR."
            raise ConfigError(f"Another training works in {folder}. {advice}")
        yield
    finally:
        os.close(number)
