"""Runs that are started together and shown in MLflow under one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from dermaseg_monai.experiments.board import Board
from dermaseg_monai.experiments.executor import Executor
from dermaseg_monai.experiments.job import FAILED, Outcome
from dermaseg_monai.experiments.lock import held
from dermaseg_monai.experiments.plan import Run, Tracked
from dermaseg_monai.files import read_object, write_json
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.tracking import ParentRun

PARENT: Final = "parent.json"


@dataclass(frozen=True)
class Batch:
    """Runs, where they are, and the run that MLflow shows them under.

    Attributes:
        name: of the run above them.
        command: what a person typed, for MLflow.
        runs: the plan.
        folder: of the runs; one process at a time works in it.
        parent_file: keeps the id of the run above, so that a later call goes on with it.
        tracking_uri: the store.
        experiment: of all runs.
        at_once: how many runs go on at the same time, for the estimate of the time left.
    """

    name: str
    command: str
    runs: Sequence[Run]
    folder: Path
    parent_file: Path
    tracking_uri: str
    experiment: str
    at_once: int

    def run(
        self,
        executor: Executor,
        *,
        texts: Mapping[str, str],
        summarise: Callable[[ParentRun], None],
        retry_failed: bool,
        console: Console,
    ) -> bool:
        """Run what is not done, summarise all that is, and say whether every run is done.

        A run that is done is not run again; one that failed before is, when asked to retry. What ends this process ends
        the runs too, and the next call goes on where they were.

        Args:
            executor: who runs the jobs.
            texts: file name to text, logged with the run above.
            summarise: called when nothing is left to run, whatever failed.
            retry_failed: run what failed before.
            console: where to show how it goes.

        Raises:
            DataError: another process works in the folder, or `summarise` finds runs that cannot be compared.
        """
        with held(self.folder, patience_s=0.0):
            parent, tracked = self._open_parent()
            status = "KILLED"
            try:
                for file, text in texts.items():
                    parent.log_text(text, file)
                whole = self._run(parent, tracked, executor, summarise, retry_failed=retry_failed, console=console)
                status = "FINISHED" if whole else "FAILED"
            except Exception:
                status = "FAILED"
                raise
            finally:
                parent.end(status)
        return whole

    def _run(
        self,
        parent: ParentRun,
        tracked: Tracked,
        executor: Executor,
        summarise: Callable[[ParentRun], None],
        *,
        retry_failed: bool,
        console: Console,
    ) -> bool:
        jobs = {run.name: run.job(tracked) for run in self.runs}
        failed = {run.name for run in self.runs if (run.folder / FAILED).is_file()}
        todo = [job for name, job in jobs.items() if not job.done and (retry_failed or name not in failed)]
        for run in self.runs:
            if any(job.name == run.name for job in todo):
                run.write()
        outcomes: dict[str, Outcome] = {}
        board = Board(self.runs, [job.name for job in todo], at_once=self.at_once, console=console)
        with (
            board,
            closing(executor.outcomes(todo)) as ended,  # pyright: ignore[reportArgumentType] (a generator)
        ):
            for outcome in ended:
                outcomes[outcome.name] = outcome
                board.end(outcome)
                parent.log_metrics({"runs_done": float(sum(job.done for job in jobs.values()))})
        summarise(parent)
        for run in self.runs:
            if not jobs[run.name].done:
                console.print(f"failed: {run.name}: {_error(run, outcomes)}", soft_wrap=True, markup=False)
        whole = all(job.done for job in jobs.values())
        if not whole:
            console.print("Correct what failed and run the same command with --retry-failed.", soft_wrap=True)
        return whole

    def _open_parent(self) -> tuple[ParentRun, Tracked]:
        parent = ParentRun(
            tracking_uri=self.tracking_uri,
            experiment=self.experiment,
            run_name=self.name,
            command=self.command,
            continued_id=_noted_parent(self.parent_file),
        )
        run_id = parent.open()
        if run_id is not None:
            write_json(self.parent_file, {"run_id": run_id})
        return parent, Tracked(self.tracking_uri, self.experiment, run_id)


def show(console: Console, table: Table) -> None:
    """Draw a table on a terminal; write it as plain lines, as wide as it is, elsewhere."""
    if console.is_terminal:
        console.print(table.rich())
    else:
        console.print(table.plain(), soft_wrap=True, markup=False, highlight=False)


def _noted_parent(file: Path) -> str | None:
    found = read_object(file).get("run_id")
    return None if found is None else str(found)


def _error(run: Run, outcomes: Mapping[str, Outcome]) -> str:
    if run.name in outcomes:
        return str(outcomes[run.name].error)
    return str(read_object(run.folder / FAILED).get("error", "not run"))
