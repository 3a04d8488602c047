"""Runs jobs on the machines of a Ray cluster: one task per run, and a run whose machine is lost starts on another."""

import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.errors import ConfigError, MissingExtraError, install_extra
from dermaseg_monai.experiments.job import Job, Outcome, run_job
from dermaseg_monai.experiments.ray_need import Need, alive, listed
from dermaseg_monai.files import make_folder

logger = logging.getLogger(__name__)

_LOST: Final = 8
"""So often a run that lost its worker or its machine is started again; then it counts as failed."""
_ANSWER_S: Final = 60.0
_LOOK_S: Final = 5.0
_ENDS_S: Final = 90.0
_PATIENCE_S: Final = 600.0
_JOIN: Final = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False)"
_OBJECTS_BYTES: Final = 100 * 2**20  # Ray's store of shared objects; jobs and outcomes are small


class RayExecutor:
    """Runs jobs as Ray tasks; what a task may use is declared, and Ray starts as many at once as the machines hold.

    All machines, the one that starts the jobs among them, see the folders at the same place (a shared file system).
    There a run that is started again goes on from its checkpoint.

    Args:
        address: `HOST:PORT` of the cluster's head, or `auto` for the cluster that this machine is part of; None for
            what `RAY_ADDRESS` says, else for Ray on this machine alone, started for these jobs.
        cpus: processors per run.
        gpus: GPUs per run; below one, runs share it.
        memory_gib: memory per run; None declares none.

    Raises:
        ConfigError: a number does not fit.
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, address: str | None, *, cpus: float, gpus: float, memory_gib: float | None) -> None:
        self.need = Need(cpus, gpus, memory_gib)
        self.address = address or os.environ.get("RAY_ADDRESS") or None
        self._ray = _ray()

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield one outcome per job; Ctrl-C, or closing the iterator, stops what is still running.

        Raises:
            ConfigError: the cluster does not answer, or no machine of it has what a run needs.
        """
        connect(self._ray, self.address)
        try:
            self.need.check(self._ray.nodes())
            yield from self._results(jobs)
        finally:
            self._ray.shutdown()

    def _results(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        for job in jobs:
            make_folder(job.folder)  # what the other machines must see
        task = self._ray.remote(run_on_node).options(**self.need.options(), max_retries=_LOST)
        waiting = {task.remote(job, str(Path.cwd())): job for job in jobs}
        watch = Watch(self.need)
        watch.look(self._ray.nodes())
        try:
            while waiting:
                done, _ = self._ray.wait(list(waiting), timeout=_LOOK_S)
                watch.look(self._ray.nodes())
                for reference in done:
                    yield _outcome(self._ray, reference, waiting.pop(reference))
        finally:
            for reference in waiting:
                self._ray.cancel(reference)  # a KeyboardInterrupt inside `run_job`, which stops its stage
            if waiting:
                self._ray.wait(list(waiting), num_returns=len(waiting), timeout=_ENDS_S)


class Watch:
    """Tells of machines that are lost, and ends the waiting when none that a run fits on comes back."""

    def __init__(self, need: Need, *, patience_s: float = _PATIENCE_S) -> None:
        self._need, self._patience_s = need, patience_s
        self._names: set[str] = set()
        self._without_s: float | None = None

    def look(self, nodes: Sequence[Any]) -> None:
        """Compare with the last look.

        Raises:
            ConfigError: for `patience_s` no machine has been there that a run fits on.
        """
        names = set(alive(nodes))
        for name in sorted(self._names - names):
            logger.warning("The cluster lost %s. What ran there starts again on another machine.", name)
        self._names = names
        if self._need.fits(nodes):
            self._without_s = None
        elif self._without_s is None:
            self._without_s = time.monotonic()
            logger.warning("No machine is left for a run that asks for %s: %s. Waiting.", self._need, listed(nodes))
        elif time.monotonic() - self._without_s > self._patience_s:
            self._need.check(nodes)


def connect(ray: Any, address: str | None) -> None:  # noqa: ANN401 (a module that may not be there)
    """Join a cluster, or start Ray on this machine where `address` is None.

    Raises:
        ConfigError: there is no cluster, or it has another version of Ray or Python.
    """
    if address is not None and "://" in address:
        raise ConfigError(
            f"The Ray address is {address}; it must be HOST:PORT or auto. Start dermaseg on a machine of the cluster; "
            "one that shall run nothing itself joins with: ray start --address=HOST:PORT --num-cpus=0"
        )
    ours = {"include_dashboard": False, "object_store_memory": _OBJECTS_BYTES} if address is None else {}
    if address is not None:
        _check_answer(address)
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **ours)
    except Exception as error:  # Ray has a type for each of its parts
        where = f"join the Ray cluster at {address}" if address else "start Ray on this machine"
        raise ConfigError(
            f"Cannot {where}: {_line(error)} Every machine needs the same Ray and Python, and this one must have "
            "joined the cluster: ray start --address=HOST:PORT"
        ) from error


def run_on_node(job: Job, folder: str) -> Outcome:
    """Run a job on the machine that got the task, in the folder of the one that started it."""
    try:
        os.chdir(folder)
        # a listing, because a network file system may remember for a while that a folder was not there
        seen = job.folder.name in os.listdir(job.folder.parent)  # noqa: PTH208
    except OSError:
        seen = False
    if seen:
        return run_job(job)
    return Outcome(
        job.name,
        ok=False,
        seconds=0.0,
        error=f"{platform.node()} does not see {job.folder}. All machines need one file system, at the same place.",
    )


def _ray() -> Any:  # noqa: ANN401 (a module that may not be there)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing about a study leaves the machine
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # Ray's pages of text about lost machines: see Watch
    try:
        return import_module("ray")
    except ImportError as error:
        raise MissingExtraError(f"Ray cannot be imported ({error}). In the checkout: {install_extra('ray')}") from error


def _check_answer(address: str) -> None:
    """Join the cluster in a process of its own first: `ray.init` tries for many minutes, and cannot be stopped."""
    command = [sys.executable, "-c", _JOIN, address]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_ANSWER_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        why = f"nothing within {_ANSWER_S:.0f} s"
    else:
        if asked.returncode == 0:
            return
        why = (asked.stderr.strip().splitlines() or [f"exit code {asked.returncode}"])[-1][:200]
    raise ConfigError(
        f"No Ray cluster answers at {address} ({why}). "
        "Start one (ray start --head --port=6379) and join it on each other machine and on this one "
        "(ray start --address=HOST:6379). Where the cluster asks for a token, set RAY_AUTH_MODE=token."
    )


def _outcome(ray: Any, reference: Any, job: Job) -> Outcome:  # noqa: ANN401 (Ray's)
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        return Outcome(job.name, ok=False, seconds=0.0, error=f"Ray: {_line(error)}")


def _line(error: BaseException) -> str:
    """Return what an error says first; of one that was raised inside a task, what its traceback says last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1] if "ray::" in lines[0] else lines[0]
