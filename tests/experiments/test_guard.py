import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

CHILD = """
import signal, sys, time
from pathlib import Path
here = Path(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: (here / "told").touch())
(here / "ready").touch()
end_s = time.monotonic() + 120
while not (here / "go").exists() and time.monotonic() < end_s:
    time.sleep(0.02)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells the child")


def wait_until(true: Callable[[], object]) -> bool:
    end_s = time.monotonic() + 200
    while not true() and time.monotonic() < end_s:
        time.sleep(0.02)
    return bool(true())


def free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_a_killed_guard_has_its_child_told_and_the_lock_is_held_until_the_child_has_ended(tmp_path: Path) -> None:
    lock_file = tmp_path / "lock"
    lock = os.open(lock_file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    command = [sys.executable, "-m", "dermaseg_monai.experiments.guard", "-c", CHILD, str(tmp_path)]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, pass_fds=(lock,))  # noqa: S603
    os.close(lock)
    try:
        assert wait_until((tmp_path / "ready").exists)
        guard.kill()
        guard.communicate()
        assert wait_until((tmp_path / "told").exists)
        other = os.open(lock_file, os.O_RDWR)
        assert not free(other)
        (tmp_path / "go").touch()
        assert wait_until(lambda: free(other))
        os.close(other)
    finally:
        (tmp_path / "go").touch()
