"""How far a long count of pictures is: a bar on a terminal, lines elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dermaseg_monai.engines.progress import clock


class TimeLeft:
    """A bar with the time left on a terminal (stderr), else a line there every `every_s` seconds.

    Args:
        title: of the bar and of the lines, until a step has its own.
        total: how many there are.
        unit: what they are, in the plural.
        every_s: seconds between two lines.
    """

    def __init__(self, title: str, total: int, unit: str, *, every_s: float = 60.0) -> None:
        self.title, self.total, self.unit, self.every_s = title, total, unit, every_s
        self._done = self._skipped = 0
        self._started_s = self._said_s = time.monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> "TimeLeft":  # noqa: PYI034 (beartype knows no Self of a single method)
        console = Console(stderr=True)
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.add_task(self.title, total=self.total)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def move(self, title: str | None = None) -> None:
        """One more is done."""
        self._done += 1
        self._show(title or self.title)

    def skip(self, count: int) -> None:
        """So many were done by an earlier start."""
        self._skipped += count
        self._show(self.title)

    def _show(self, title: str) -> None:
        at = self._done + self._skipped
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=at, description=title)
        elif time.monotonic() - self._said_s >= self.every_s:
            self._said_s = time.monotonic()
            left_s = (self._said_s - self._started_s) / max(self._done, 1) * (self.total - at)
            sys.stderr.write(f"{title}: {at} of {self.total} {self.unit}, {clock(left_s)} left\n")
            sys.stderr.flush()
