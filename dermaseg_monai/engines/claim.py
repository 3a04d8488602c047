"""The folder of a training belongs to one process at a time, and to one training for ever."""

import os
import shlex
import sys
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import make_folder
from dermaseg_monai.locks import free, taken_within

LAST = "last.ckpt"
WEIGHTS = "model.safetensors"
TORCH_WEIGHTS = "model.pt"

_PATIENCE_S: Final = 10.0
"""Loader workers of a training that was killed hold on to its folder for some seconds more."""

_claimed: Final[dict[Path, int | None]] = {}
"""The folders of this process's trainings, with the number of the open folder while its lock is held."""


def claim(folder: Path, resume: str | Path | None = None) -> None:
    """Take a folder for a training of this process until `release`, or until the process ends, however it ends.

    The folder itself is locked, not a file in it, so that one in which nothing was written stays empty. Windows cannot
    lock a folder, and on NFS only the processes of one machine see the lock: there it is left to the user.

    Args:
        folder: what the training writes into; it is made where it is missing.
        resume: the `last.ckpt`, or its folder, that the training goes on from.

    Raises:
        ConfigError: another training works in it, or has.
    """
    place = folder.resolve()
    if _claimed.get(place) is not None:
        return
    make_folder(folder)
    number = None if sys.platform == "win32" else _locked(folder)
    try:
        if place not in _claimed:
            require_own_folder(folder, resume)
    except ConfigError:
        _close(number)
        raise
    _claimed[place] = number


def release(folder: Path) -> None:
    """Let go of a claimed folder; of another one nothing happens."""
    place = folder.resolve()
    if place in _claimed:
        _close(_claimed[place])
        _claimed[place] = None


def require_own_folder(folder: Path, resume: str | Path | None) -> None:
    """Refuse a folder that holds the state or the weights of another training than the one that is resumed.

    Raises:
        ConfigError: names the file.
    """
    if resume and folder.resolve() == (Path(resume) if Path(resume).is_dir() else Path(resume).parent).resolve():
        return
    found = next((folder / name for name in (LAST, WEIGHTS, TORCH_WEIGHTS) if (folder / name).is_file()), None)
    if found is None:
        return
    advice = "Give another folder: --output_dir DIR"
    if found.name == LAST:
        advice = f"Give another folder, --output_dir DIR, or go on with it: --resume {shlex.quote(str(found))}"
    raise ConfigError(f"{folder} holds another training ({found.name}). {advice}")


def _locked(folder: Path) -> int:
    number = os.open(folder, os.O_RDONLY)
    if not taken_within(number, patience_s=_PATIENCE_S):
        os.close(number)
        advice = "Wait for it, stop it, or give another folder: --output_dir DIR."
        raise ConfigError(f"Another training works in {folder}. {advice}")
    return number


def _close(number: int | None) -> None:
    if number is not None:
        free(number)  # loader workers that live on have it open too
        os.close(number)
