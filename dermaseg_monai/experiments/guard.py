"""A process that lives no longer than the one that started it: `python -m dermaseg_monai.experiments.guard WORDS...`.

The starter holds the write end of this process's stdin. When the starter is gone, killed too, the kernel closes it.
Then everything in the process group of `python WORDS...` is stopped, first kindly, so that a training can say so.
When this process itself is killed, Linux tells the child to stop.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import Final

GRACE_S: Final = 20.0
"""A training tells MLflow within eight seconds that it was stopped."""
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main(words: list[str]) -> int:
    """Run `python WORDS...` and return its exit code, 128 + the number of the signal that ended it."""
    child = subprocess.Popen(  # noqa: S603 (the words of a plan)
        [sys.executable, *words],
        stdin=subprocess.DEVNULL,
        close_fds=False,  # a lock handed to this process is held by the child too, should it be the last to end
        preexec_fn=partial(_end_with, os.getpid()),  # noqa: PLW1509 (there is no other thread yet)
    )
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which this process sends to its group, itself among it
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _end_with(guard: int) -> None:
    """Have the kernel stop the child when the guard is killed, which Ray does with the children of its workers."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != guard:  # it was killed before the line above
            os.kill(os.getpid(), signal.SIGTERM)


def _watch(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgrp(), signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=GRACE_S)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
