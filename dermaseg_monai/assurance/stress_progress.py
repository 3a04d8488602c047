"""How far a stress test is: a bar on a terminal, lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dermaseg_monai.engines.progress import clock

_EVERY_S: Final = 60.0


class StressProgress:
    """A bar with the time left on a terminal (stderr), else a line on stderr once a minute.

    Args:
        total: photographs to predict.
        every_s: seconds between two lines.
    """

    def __init__(self, total: int, *, every_s: float = _EVERY_S) -> None:
        self.total, self.every_s = total, every_s
        self._done = self._skipped = 0
        self._started_s = self._said_s = time.monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> None:
        console = Console(stderr=True)
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.add_task("Stress test", total=self.total)
            self._bar.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def move(self, stressor: str, step: int) -> None:
        """One more photograph is done."""
        self._done += 1
        self._show(f"{stressor} {step}")

    def skip(self, count: int) -> None:
        """So many were done by an earlier start."""
        self._skipped += count
        self._show("Stress test")

    def _show(self, what: str) -> None:
        at = self._done + self._skipped
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=at, description=what)
        elif time.monotonic() - self._said_s >= self.every_s:
            self._said_s = time.monotonic()
            left_s = (self._said_s - self._started_s) / max(self._done, 1) * (self.total - at)
            sys.stderr.write(f"{what}: {at} of {self.total} photographs, {clock(left_s)} left\n")
            sys.stderr.flush()
