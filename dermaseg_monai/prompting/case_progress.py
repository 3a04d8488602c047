"""How far an evaluation is: a bar on a terminal, lines elsewhere."""

import sys
import time
from typing import Any

from ignite.engine import Engine, Events
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dermaseg_monai.engines.progress import clock

_EVERY_S = 60.0


class CaseProgress:
    """Evaluator handler: a bar with the time left on a terminal (stderr), else a line on stdout once a minute."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._started_s = self._said_s = 0.0

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator."""
        engine.add_event_handler(Events.STARTED, self.start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.move)
        engine.add_event_handler(Events.COMPLETED, self.stop)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self.stop_and_raise)

    def start(self, engine: Engine) -> None:
        """Begin."""
        self._started_s = self._said_s = time.monotonic()
        console = Console(stderr=True)
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.add_task("Prompting", total=engine.state.epoch_length)
            self._bar.start()

    def move(self, engine: Engine) -> None:
        """One more batch is done."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=engine.state.iteration)
        elif time.monotonic() - self._said_s >= _EVERY_S:
            self._said_s = time.monotonic()
            done, total = engine.state.iteration, engine.state.epoch_length or 0
            left_s = (self._said_s - self._started_s) / max(done, 1) * (total - done)
            sys.stdout.write(f"{done} of {total} images, {clock(left_s)} left\n")
            sys.stdout.flush()

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def stop_and_raise(self, _engine: Engine, error: BaseException) -> Any:  # noqa: ANN401 (never returns)
        """Give the terminal back before the error is shown."""
        self.stop()
        raise error
