"""Errors that a user caused are printed as one line; everything else keeps its traceback."""

import re
import sys
from types import TracebackType
from typing import Final

from dermaseg_monai import errors
from dermaseg_monai.errors import DermasegError

_OF_WORKER: Final = "Caught "
_OURS: Final = re.compile(r"^dermaseg_monai\.errors\.(\w+): (.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_ANOTHER: Final = "During handling of the above exception, another exception occurred:"


def find_cause(error: BaseException | None) -> DermasegError | None:
    """Return the first `DermasegError` in the chain of causes; MONAI wraps what a component raises.

    Of a loader worker torch gives the traceback as the text of a new error: ours is taken from it, unless another error
    came up while ours was handled, which is a fault of the program.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        found = _OURS.search(str(error).rpartition(_ANOTHER)[2]) if str(error).startswith(_OF_WORKER) else None
        if found is not None:
            return getattr(errors, found[1], DermasegError)(found[2])
        if isinstance(error, DermasegError):
            return error
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def install_hook() -> None:
    """Make an uncaught `DermasegError` end the process with one line on stderr and exit code 1."""
    if sys.excepthook is not _show:
        _show.previous = sys.excepthook
        sys.excepthook = _show


class _Show:
    def __init__(self) -> None:
        self.previous = sys.__excepthook__

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        cause = find_cause(error)
        if cause is None or isinstance(error, KeyboardInterrupt):
            self.previous(kind, error, trace)
            return
        line = " ".join(str(cause).split())
        sys.stderr.write(f"dermaseg: error: {line}\n")


_show = _Show()
