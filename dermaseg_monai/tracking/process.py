"""Who runs: host, process, start time and last sign of life, so that a run whose process is gone can be told."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import Any, Final, TypeAlias

import psutil

from dermaseg_monai.tracking.parameters import redact

logger = logging.getLogger(__name__)

Client: TypeAlias = Any
"""An `mlflow.MlflowClient`, a name that must not be imported before a run starts."""

KEY_TAG: Final = "dermaseg.key"
PARENT_TAG: Final = "mlflow.parentRunId"
"""MLflow's own: its page shows the run under that one."""
HOST_TAG: Final = "dermaseg.host"
PID_TAG: Final = "dermaseg.pid"
BORN_TAG: Final = "dermaseg.process_started_s"
ALIVE_TAG: Final = "dermaseg.alive_at_s"
"""When the owner gave its last sign of life, in seconds since 1970; refreshed every minute (`Pulse`)."""
ENDED_TAG: Final = "dermaseg.ended"
SILENCE_MIN: Final = 10
"""A run of another host counts as dead after so many minutes without a sign: far more than clocks differ by."""


def owner_tags() -> dict[str, str]:
    """Return the tags that say which process owns a run, and that it is alive."""
    process = psutil.Process()
    born = f"{process.create_time():.2f}"
    return {HOST_TAG: _host(), PID_TAG: str(process.pid), BORN_TAG: born, ALIVE_TAG: _now_s()}


def give_sign_of_life(client: Client, run_id: str) -> None:
    """Say that the owner of the run is alive."""
    client.set_tag(run_id, ALIVE_TAG, _now_s())


def is_of_this_host(tags: dict[str, str]) -> bool:
    """Say whether the process that owns a run would be seen from here: the same host and the same container."""
    return tags.get(HOST_TAG) == _host()


def owner_lives(tags: dict[str, str]) -> bool:
    """Say whether the process that owns a run is alive; True where that cannot be known (no tags).

    Of this host the process is looked for; of another host or container the last sign of life counts.
    """
    if not is_of_this_host(tags):
        return _gave_sign_of_life(tags)
    try:
        process = psutil.Process(int(tags[PID_TAG]))
        # a number may have been given to another process since
        same = abs(process.create_time() - float(tags[BORN_TAG])) < 1.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except (KeyError, ValueError, psutil.Error):
        return True


def bury_dead_runs(client: Client, *, but: str) -> list[str]:
    """Mark as KILLED every RUNNING run whose process is gone or silent for long; return their ids. Never raises."""
    buried: list[str] = []
    try:
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        running = client.search_runs(experiments, "attributes.status = 'RUNNING'", max_results=1000)
        for run in running:
            if run.info.run_id != but and not owner_lives(run.data.tags):
                found = "without its process" if is_of_this_host(run.data.tags) else f"silent for {SILENCE_MIN} minutes"
                client.set_tag(run.info.run_id, ENDED_TAG, f"found {found} by a later run")
                client.set_terminated(run.info.run_id, "KILLED")
                buried.append(run.info.run_id)
    except Exception as error:  # noqa: BLE001 (housekeeping must not stop a run)
        logger.debug("dead runs were not looked for: %s", redact(repr(error)))
    return buried


class StopSignal:
    """While held, SIGTERM and SIGHUP (a closed terminal) raise `SystemExit` in the main thread: a stopped run says so.

    The exit code is the shell's, 143 or 129. A program that has its own handler, or that ignores the signal as `nohup`
    does, keeps that.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._held: list[int] = []

    def hold(self) -> None:
        """Install the handler; only the main thread may."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)):
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, self._stop)
                self._held.append(number)

    def release(self) -> None:
        """Put back what was there."""
        if threading.current_thread() is threading.main_thread():
            for number in self._held:
                signal.signal(number, signal.SIG_DFL)
            self._held = []

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            # a forked loader worker inherits the handler and must just go; torch takes another code than 0 for a worker
            # that failed, and would raise an error of its own in the main process
            os._exit(0)
        sys.exit(128 + number)


def _gave_sign_of_life(tags: dict[str, str]) -> bool:
    try:
        return time.time() - float(tags[ALIVE_TAG]) < 60 * SILENCE_MIN
    except (KeyError, ValueError):
        return True


def _now_s() -> str:
    return f"{time.time():.0f}"


def _host() -> str:
    # process numbers mean something only within one namespace: two containers may share a host name
    try:
        namespace = str(os.stat("/proc/self/ns/pid").st_ino)  # noqa: PTH116 (a link that pathlib would follow the same)
    except OSError:
        namespace = "0"
    return f"{socket.gethostname()}/{namespace}"
