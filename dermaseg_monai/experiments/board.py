"""What a person sees while an ablation runs: a table that moves on a terminal, lines elsewhere."""

import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dermaseg_monai.engines.progress import clock
from dermaseg_monai.experiments.job import FAILED, LOG, Outcome, said
from dermaseg_monai.experiments.plan import Run
from dermaseg_monai.experiments.results import seconds
from dermaseg_monai.metrics import read_scores

_LOOK_S: Final = 1.0
# what engines.progress writes, its clock last
_EPOCH: Final = re.compile(r"epoch +(\d+)/(\d+)\b.*?(\d+):(\d\d):(\d\d) left")


class Board:
    """Shows every run with its state, its time and its scores, and how long the rest will take.

    A run counts as started when its log grows, wherever it runs; how far a training is stands in the log too.

    Args:
        runs: all runs of the ablation.
        waiting: names of those that will be run.
        at_once: how many run at the same time, for the estimate.
        console: where to write.
    """

    def __init__(self, runs: Sequence[Run], waiting: Sequence[str], *, at_once: int, console: Console) -> None:
        self._runs = {run.name: run for run in runs}
        self._waiting = list(waiting)
        self._at_once, self._console = at_once, console
        self._ended: dict[str, Outcome] = {}
        self._started: dict[str, float] = {}
        self._began, self._clock = time.time(), time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> None:
        if self._live is not None:
            self._live.start()
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._live is not None:
            self._live.stop()

    def end(self, outcome: Outcome) -> None:
        """Note how a run ended, and say it."""
        self._ended[outcome.name] = outcome
        how = f"done in {clock(outcome.seconds)}" if outcome.ok else f"FAILED after {clock(outcome.seconds)}"
        what = _scores(self._runs[outcome.name]) if outcome.ok else str(outcome.error)
        count = f"{len(self._ended)}/{len(self._waiting)}"
        self._say(f"{count}  {outcome.name}  {how}  {what}  {self._left_text()}")

    def table(self) -> Table:
        """Return one row per run."""
        table = Table(caption=self._left_text(), caption_justify="left")
        for name in ("run", "state", "time", "scores"):
            table.add_column(name, overflow="fold")
        for name, run in self._runs.items():
            table.add_row(*(Text(cell) for cell in (name, *self._cells(name, run))))
        return table

    def _cells(self, name: str, run: Run) -> tuple[str, str, str]:
        took = [seconds(step.folder) for step in run.steps]
        if all(one is not None for one in took):
            return "done", clock(sum(one or 0.0 for one in took)), _scores(run)
        if name in self._started and name not in self._ended:
            since = clock(time.monotonic() - self._started[name])
            epoch = _epoch(run.folder / LOG)
            return "running", since, "" if epoch is None else f"epoch {epoch[0]}/{epoch[1]}, {clock(epoch[2])} left"
        if (run.folder / FAILED).is_file():
            return "failed", "", ""
        return "waiting" if name in self._waiting else "left out", "", ""

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_S):
            self._look()
            if self._live is not None:
                self._live.update(self.table(), refresh=True)

    def _look(self) -> None:
        for name in self._waiting:
            if name not in self._started and _written_at(self._runs[name].folder / LOG) >= self._began:
                self._started[name] = time.monotonic()
                if self._live is None and name not in self._ended:
                    self._say(f"started  {name}")

    def _left_text(self) -> str:
        left = self._left_s()
        words = "time left not known yet" if left is None else f"about {clock(left)} left"
        return f"{words}, {clock(time.monotonic() - self._clock)} gone"

    def _left_s(self) -> float | None:
        open_runs = [self._runs[name] for name in self._waiting if name not in self._ended]
        left = [self._run_left_s(run) for run in open_runs]
        if any(one is None for one in left):
            return None
        return sum(one or 0.0 for one in left) / self._at_once

    def _run_left_s(self, run: Run) -> float | None:
        if run.name not in self._started:
            return self._typical_s(run)
        epoch = _epoch(run.folder / LOG)
        if epoch is not None:
            return epoch[2]
        typical = self._typical_s(run)
        return None if typical is None else max(0.0, typical - (time.monotonic() - self._started[run.name]))

    def _typical_s(self, run: Run) -> float | None:
        took: dict[bool, list[float]] = {True: [], False: []}
        for other in self._runs.values():
            whole = [seconds(step.folder) for step in other.steps]
            if all(one is not None for one in whole):
                took[other.point.training.network == run.point.training.network].append(
                    sum(one or 0.0 for one in whole)
                )
        found = took[True] or took[False] or self._running_s()
        return sum(found) / len(found) if found else None

    def _running_s(self) -> list[float]:
        found = []
        for name, since in self._started.items():
            epoch = _epoch(self._runs[name].folder / LOG)
            if epoch is not None and name not in self._ended:
                found.append(time.monotonic() - since + epoch[2])
        return found

    def _say(self, text: str) -> None:
        self._console.print(Text(f"{time.strftime('%H:%M:%S')}  {text}"), soft_wrap=True)


def _epoch(log: Path) -> tuple[int, int, float] | None:
    """Return the epoch, how many there are, and the seconds left, of the last epoch in a log."""
    for line in reversed(said(log)):
        found = _EPOCH.search(line)
        if found:
            epoch, epochs, hours, minutes, rest = map(int, found.groups())
            return epoch, epochs, 3600.0 * hours + 60.0 * minutes + rest
    return None


def _scores(run: Run) -> str:
    scores = read_scores(run.cases)
    means = {name: sum(getattr(one, name) for one in scores) / len(scores) for name in ("jaccard", "threshold_jaccard")}
    return f"Jaccard {means['jaccard']:.3f}, threshold Jaccard {means['threshold_jaccard']:.3f}"


def _written_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
