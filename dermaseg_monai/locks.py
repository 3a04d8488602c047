"""The lock of an open file: one process at a time, freed by the system however that process ends."""

import sys
import time
from contextlib import suppress
from typing import Final

_LOOK_S: Final = 0.2


def taken_within(number: int, *, patience_s: float) -> bool:
    """Wait for the lock of an open file and return True; False where another process has held it for `patience_s`."""
    end = time.monotonic() + patience_s
    while not taken(number):
        if time.monotonic() >= end:
            return False
        time.sleep(_LOOK_S)
    return True


def taken(number: int) -> bool:
    """Take the lock of an open file and return True; False where another process has it.

    Windows and some network file systems have no such locks: there it is left to the user, and the answer is True.
    """
    if sys.platform == "win32":
        return True
    import fcntl  # noqa: PLC0415 (POSIX only)

    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def free(number: int) -> None:
    """Free the lock of an open file, also for child processes that have it open; closing it would leave it to them."""
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415 (POSIX only)

    with suppress(OSError):  # no such locks there
        fcntl.flock(number, fcntl.LOCK_UN)
