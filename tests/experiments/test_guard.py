import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

LONG = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells the child")


def wait_until(true: Callable[[], object]) -> bool:
    end_s = time.monotonic() + 60
    while not true() and time.monotonic() < end_s:
        time.sleep(0.02)
    return bool(true())


def free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_a_killed_guard_takes_its_child_with_it_and_the_lock_is_held_until_then(tmp_path: Path) -> None:
    pid_file, lock_file = tmp_path / "pid", tmp_path / "lock"
    lock = os.open(lock_file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    command = [sys.executable, "-m", "dermaseg_monai.experiments.guard", "-c", LONG, str(pid_file)]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, pass_fds=(lock,))  # noqa: S603
    os.close(lock)
    assert wait_until(lambda: pid_file.exists() and pid_file.read_text())
    child = int(pid_file.read_text())
    try:
        os.kill(child, signal.SIGSTOP)  # it cannot end yet
        guard.kill()
        guard.communicate()
        other = os.open(lock_file, os.O_RDWR)
        assert not free(other)
        os.kill(child, signal.SIGCONT)
        assert wait_until(lambda: free(other))
        os.close(other)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
