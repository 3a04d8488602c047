"""What a person sees of a training: a bar on a terminal, a line per epoch, a summary at the end."""

import atexit
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from monai.engines.utils import IterationEvents
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from dermaseg_monai.engines.claim import WEIGHTS
from dermaseg_monai.engines.distributed import is_rank_zero, world_size
from dermaseg_monai.engines.resume_file import LAST

_EVERY_S = 0.1
_SCORES = (("Dice", "val_dice"), ("Jaccard", "val_jaccard"), ("threshold Jaccard", "val_threshold_jaccard"))


class Progress:
    """Trainer handler: shows how far the training is and, at its end, where its results are.

    On a terminal a bar with loss, speed and time left moves on stderr; one line per epoch goes to stdout either way.
    The loss in it is the mean over the images of this process; MLflow has the one over all processes.
    Stands after the ValidationHandler in the list, so that the line of an epoch holds its validation.

    Args:
        evaluator: the engine that validates.
        output_dir: the run's folder, for the summary.
        tracker: whose `view_command` says how to look at the tracked run, for the summary.
    """

    def __init__(self, evaluator: Any, output_dir: str | Path, tracker: Any = None) -> None:  # noqa: ANN401
        self.evaluator = evaluator
        self.output_dir, self.tracker = Path(output_dir), tracker
        self._bar: Bar | None = None
        self._shown_s = 0.0
        self._losses: list[Any] = []
        self._images: list[int] = []
        self._started_s = self._epoch_started_s = 0.0
        self._done_before = 0

    def attach(self, engine: Engine) -> None:
        """Attach to a trainer."""
        if is_rank_zero():
            engine.add_event_handler(Events.STARTED, self.start)
            engine.add_event_handler(Events.EPOCH_STARTED, self.start_epoch)
            engine.add_event_handler(IterationEvents.LOSS_COMPLETED, self.keep_loss)
            engine.add_event_handler(Events.ITERATION_COMPLETED, self.move)
            engine.add_event_handler(Events.EPOCH_COMPLETED, self.end_epoch)
            engine.add_event_handler(Events.COMPLETED, self.summarise)

    def start(self, engine: Engine) -> None:
        """Note the time, and how much a resumed run has behind it."""
        self._started_s, self._done_before = time.monotonic(), engine.state.iteration
        state = engine.state
        if state.epoch:
            _say(f"resumed after epoch {state.epoch} of {state.max_epochs}")

    def start_epoch(self, engine: Engine) -> None:
        """Forget the losses of the last epoch; begin a bar."""
        self._epoch_started_s, self._losses, self._images = time.monotonic(), [], []
        console = Console(stderr=True)
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
            self._bar = Bar(*columns, console=console, transient=True, auto_refresh=False)
            title = f"epoch {engine.state.epoch}/{engine.state.max_epochs}"
            self._bar.add_task(title, total=engine.state.epoch_length, note="")
            atexit.register(self._bar.stop)  # an error must not leave the terminal without its cursor
            self._bar.start()

    def keep_loss(self, engine: Any) -> None:  # noqa: ANN401 (ignite types an output as anything)
        """Keep one loss, without waiting for the GPU."""
        self._losses.append(engine.state.output["loss"].detach())
        self._images.append(len(engine.state.output["image"]))

    def move(self, engine: Engine) -> None:
        """Move the bar, ten times a second at most."""
        if self._bar is None or not self._losses or time.monotonic() - self._shown_s < _EVERY_S:
            return
        self._shown_s = time.monotonic()
        speed = len(self._losses) / max(self._shown_s - self._epoch_started_s, 1e-9)
        note = f"loss {float(self._losses[-1]):.4f}  {speed:.1f} it/s  {clock(self._left_s(engine))} left"
        self._bar.update(self._bar.task_ids[0], completed=len(self._losses), note=note, refresh=True)

    def end_epoch(self, engine: Engine) -> None:
        """Say one line about the epoch."""
        if self._bar is not None:
            self._bar.stop()
            atexit.unregister(self._bar.stop)
        state, best = engine.state, self.evaluator.state
        width = len(str(state.max_epochs))
        parts = [f"epoch {state.epoch:>{width}}/{state.max_epochs}"]
        if self._losses:
            total = sum(float(loss) * images for loss, images in zip(self._losses, self._images, strict=True))
            parts.append(f"loss {total / sum(self._images):.4f}")
        if best.epoch == state.epoch:
            parts += [f"{name} {float(best.metrics[key]):.4f}" for name, key in _SCORES if key in best.metrics]
        parts.append(f"{time.monotonic() - self._epoch_started_s:.1f} s")
        parts.append(f"{clock(self._left_s(engine))} left")
        if best.best_metric_epoch == state.epoch:
            parts.append("best so far")
        _say("  ".join(parts))

    def summarise(self, engine: Engine) -> None:
        """Say what came out, where it is and how to look at it."""
        state = self.evaluator.state
        scores = getattr(state, "best_metrics", None) or {}
        found = [f"{name} {scores[key]:.4f}" for name, key in _SCORES if key in scores]
        lines = [f"trained {engine.state.epoch} epochs in {clock(time.monotonic() - self._started_s)}"]
        if found:
            lines.append(f"best validation (epoch {state.best_metric_epoch}): {', '.join(found)}")
        lines.append(f"weights:   {self.output_dir / WEIGHTS}")
        last = shlex.quote(str(self.output_dir / LAST))
        lines.append(f"resume:    {_command(self.output_dir)} --resume {last} --max_epochs N")
        if self.tracker is not None:
            lines.append(f"look at it: {self.tracker.view_command}")
        _say("\n".join(["", *lines]))

    def _left_s(self, engine: Engine) -> float:
        state = engine.state
        done = state.iteration - self._done_before
        total = (state.max_epochs or 0) * (state.epoch_length or 0)
        return (time.monotonic() - self._started_s) / max(done, 1) * max(total - state.iteration, 0)


def _command(folder: Path) -> str:
    sheet = folder / "config.json"  # a tracked run leaves all its values there
    if world_size() > 1 or not sheet.is_file():  # how many processes is what torchrun was told
        return "the same command with"
    return f"python -m monai.bundle run training --config_file {shlex.quote(str(sheet))}"


def clock(seconds: float) -> str:
    """Return a duration as 0:01:05, of more than a day as 25:00:00: `ablate` reads it from the log of a run."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
