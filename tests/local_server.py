"""Servers that a test starts on this machine alone."""

import socket
import subprocess
import time
import urllib.request
from pathlib import Path

_SHOWN = 3000


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path, *, patience_s: float) -> None:
    """Return when the server answers.

    Raises:
        AssertionError: it ended, or is silent for so long; with the end of its log.
    """
    end = time.monotonic() + patience_s
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(log.read_text()[-_SHOWN:])
