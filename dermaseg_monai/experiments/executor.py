"""Who runs the jobs: this machine, one after another or a few at once."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Protocol, runtime_checkable

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.job import Job, Outcome, run_job


@runtime_checkable
class Executor(Protocol):
    """Runs jobs and tells how each ended, in the order of their ends."""

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield one outcome per job; closing the iterator stops what is still running."""
        ...


class LocalExecutor:
    """Runs jobs on this machine.

    Args:
        at_once: how many run at the same time.

    Raises:
        ConfigError: fewer than one.
    """

    def __init__(self, at_once: int = 1) -> None:
        if at_once < 1:
            raise ConfigError(f"--jobs is {at_once}; at least one run must go on at a time.")
        self.at_once = at_once

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield one outcome per job; Ctrl-C, or closing the iterator, stops what is still running."""
        stop = threading.Event()
        pool = ThreadPoolExecutor(max_workers=self.at_once, thread_name_prefix="dermaseg-run")
        try:
            for done in as_completed([pool.submit(run_job, job, stop=stop) for job in jobs]):
                yield done.result()
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
