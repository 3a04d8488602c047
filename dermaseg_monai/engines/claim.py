"""The folder of a training belongs to one process at a time, and is not given to another training afterwards."""

import os
import shlex
import sys
from pathlib import Path
from typing import Final

from dermaseg_monai.engines.resume_file import LAST, resume_file
from dermaseg_monai.errors import ConfigError, DataError, DermasegError
from dermaseg_monai.files import make_folder
from dermaseg_monai.locks import free, taken_within

WEIGHTS = "model.safetensors"
TORCH_WEIGHTS = "model.pt"

_PATIENCE_S: Final = 10.0
"""Loader workers of a training that was killed hold on to its folder for some seconds more."""

_claimed: Final[dict[tuple[int, Path], int | None]] = {}
"""The folders of each process's trainings, with the number of the open folder while its lock is held.

A forked child finds those of its parent here, and has none of its own.
"""


def claim(folder: Path, resume: str | Path | None = None) -> None:
    """Take a folder for a training of this process until `release`, or until the process ends, however it ends.

    The folder itself is locked, not a file in it, so that one in which nothing was written stays empty. Windows cannot
    lock a folder, and on NFS only the processes of one machine see the lock: there it is left to the user.

    Args:
        folder: what the training writes into; it is made where it is missing.
        resume: the `last.ckpt`, or its folder, that the training goes on from.

    Raises:
        ConfigError: another training works in it, or has.
        DataError: it cannot be made, entered or read.
        WeightsError: the folder that is resumed from cannot be entered.
    """
    place = _place(folder)
    if _claimed.get(place) is not None:
        return
    make_folder(folder)
    number = None if sys.platform == "win32" else _locked(folder)
    try:
        if place not in _claimed:
            require_own_folder(folder, resume)
    except DermasegError:
        _close(number)
        raise
    _claimed[place] = number


def release(folder: Path) -> None:
    """Let go of a claimed folder; of another one nothing happens."""
    place = _place(folder)
    if place in _claimed:
        _close(_claimed[place])
        _claimed[place] = None


def require_own_folder(folder: Path, resume: str | Path | None) -> None:
    """Refuse a folder that holds the state or the weights of another training than the one that is resumed.

    Raises:
        ConfigError: names the file.
        DataError: the folder cannot be entered.
        WeightsError: the folder that is resumed from cannot be entered.
    """
    if resume and folder.resolve() in (resume_file(resume).parent, Path(resume).parent.resolve()):  # or a link in it
        return
    try:
        found = next((folder / name for name in (LAST, WEIGHTS, TORCH_WEIGHTS) if (folder / name).is_file()), None)
    except OSError as error:
        raise _no_way_in(folder, error) from error
    if found is None:
        return
    advice = f"Give another folder, --output_dir DIR, or remove {WEIGHTS} and {TORCH_WEIGHTS} there"
    if found.name == LAST:
        advice = f"Give another folder, --output_dir DIR, or go on with it: --resume {shlex.quote(str(found))}"
    raise ConfigError(f"{folder} holds another training ({found.name}). {advice}")


def _place(folder: Path) -> tuple[int, Path]:
    return os.getpid(), folder.resolve()


def _no_way_in(folder: Path, error: OSError) -> DataError:
    advice = "Give a folder of your own: --output_dir DIR."
    return DataError(f"{folder} cannot be entered or read: {error.strerror or error}. {advice}")


def _locked(folder: Path) -> int:
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _no_way_in(folder, error) from error
    if not taken_within(number, patience_s=_PATIENCE_S):
        os.close(number)
        advice = "Wait for it, stop it, or give another folder: --output_dir DIR."
        raise ConfigError(f"Another training works in {folder}. {advice}")
    return number


def _close(number: int | None) -> None:
    if number is not None:
        free(number)  # loader workers that live on have it open too
        os.close(number)
