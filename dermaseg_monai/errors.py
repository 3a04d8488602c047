"""What a user can cause. Each message says what is wrong, the value, where, and the next command."""

import difflib
from collections.abc import Iterable
from typing import Final

_ALIKE: Final = 0.5


class DermasegError(Exception):
    """Base of every error that is printed as one line, without a traceback, and ends a command with exit code 1."""


class DataError(DermasegError):
    """A manifest, table or file is not what it should be."""


class ImageError(DataError):
    """One image or mask cannot be used."""


class IntegrityError(DataError):
    """Files differ from what the manifest says of them."""


class DownloadError(DataError):
    """A file did not come from the web as it was published."""


class LeakError(DataError):
    """One lesion, patient or picture stands on two sides of a split."""


class ConfigError(DermasegError):
    """A sheet of values or a command line does not fit."""


class WeightsError(DermasegError):
    """A weights file is missing, changed or made for another network."""


class DeviceError(DermasegError):
    """The device asked for is not there."""


class TrainingError(DermasegError):
    """A training cannot go on."""


class MissingExtraError(DermasegError):
    """An optional dependency is not installed; the message names the extra that brings it."""


def install_extra(name: str) -> str:
    """Return the command that adds an extra of the package to a checkout; no package index is asked for our name."""
    return f"pip install -c constraints.txt -e '.[{name}]'"


def did_you_mean(name: object, known: Iterable[str], *, otherwise: str, prefix: str = "") -> str:
    """Return the advice on a name that is not known: the nearest known one behind a prefix, else `otherwise`."""
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=_ALIKE)
    return f"Did you mean {prefix}{near[0]}?" if near else otherwise


def choose_one(name: object, known: Iterable[str]) -> str:
    """Return the advice on a name of a short list: the nearest one, if there is one, and the list."""
    choices = list(known)
    return f"{did_you_mean(name, choices, otherwise='')} Choose one of {', '.join(choices)}.".lstrip()
