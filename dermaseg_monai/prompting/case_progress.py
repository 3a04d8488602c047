"""How far an evaluation is."""

from contextlib import ExitStack
from typing import Any

from ignite.engine import Engine, Events

from dermaseg_monai.engines.time_left import TimeLeft


class CaseProgress:
    """Evaluator handler: a bar with the time left on a terminal, else a line once every `every_s`; both on stderr."""

    def __init__(self, *, every_s: float = 60.0) -> None:
        self.every_s = every_s
        self._left = TimeLeft("Prompting", 0, "images")
        self._shown = ExitStack()

    def attach(self, engine: Engine) -> None:
        """Attach to an evaluator."""
        engine.add_event_handler(Events.STARTED, self.start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.move)
        engine.add_event_handler(Events.COMPLETED, self.stop)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self.stop_and_raise)

    def start(self, engine: Engine) -> None:
        """Begin."""
        left = TimeLeft("Prompting", engine.state.epoch_length or 0, "images", every_s=self.every_s)
        self._left = self._shown.enter_context(left)

    def move(self) -> None:
        """One more batch is done."""
        self._left.move()

    def stop(self) -> None:
        """Take the bar away."""
        self._shown.close()

    def stop_and_raise(self, _engine: Engine, error: BaseException) -> Any:  # noqa: ANN401 (never returns)
        """Give the terminal back before the error is shown."""
        self.stop()
        raise error
