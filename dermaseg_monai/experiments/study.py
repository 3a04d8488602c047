"""An ablation from its plan to its summary, shown in MLflow as one run with the others below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from dermaseg_monai.bundle import tracking_uri
from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.batch import PARENT, Batch, show
from dermaseg_monai.experiments.executor import Executor
from dermaseg_monai.experiments.job import DONE
from dermaseg_monai.experiments.plan import Run
from dermaseg_monai.experiments.results import settings_table, write_results
from dermaseg_monai.experiments.spec import Spec
from dermaseg_monai.experiments.summary import AblationSummary, summarise_ablation
from dermaseg_monai.experiments.tables import collect, why_absent
from dermaseg_monai.manifest import Manifest, group_of_case
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.tracking import ParentRun

CONFIDENCE: Final = 0.95
DRAWS: Final = 2000


@dataclass(frozen=True)
class Study:
    """An ablation and where it goes.

    Attributes:
        spec: what was asked for.
        runs: its plan.
        folder: of the runs.
        results: folder of the summary.
        at_once: how many runs go on at the same time, for the estimate of the time left.
    """

    spec: Spec
    runs: Sequence[Run]
    folder: Path
    results: Path
    at_once: int

    def run(self, executor: Executor, *, retry_failed: bool, console: Console) -> bool:
        """Run what is not done, summarise all that is, and say whether every run is done.

        A run that is done is not run again; one that failed before is, when asked to retry. What ends this process ends
        the runs too, and the next call goes on where they were.

        Raises:
            DataError: another process runs this ablation, or its runs cannot be compared.
        """
        given = self.runs[0].point.training.values
        batch = Batch(
            name=self.spec.name,
            command="dermaseg ablate",
            runs=self.runs,
            folder=self.folder,
            parent_file=self.folder / PARENT,
            tracking_uri=str(given.get("tracking_uri") or tracking_uri()),
            experiment=str(given.get("experiment") or f"ablation {self.spec.name}"),
            at_once=self.at_once,
        )
        return batch.run(
            executor,
            texts={"spec.yaml": self.spec.text},
            summarise=lambda parent: self._summarise(parent, console),
            retry_failed=retry_failed,
            console=console,
        )

    def _summarise(self, parent: ParentRun, console: Console) -> None:
        scored = collect(self.runs)
        summary: AblationSummary | None = None
        if scored.runs:
            summary = summarise_ablation(
                self.spec,
                scored,
                groups=_groups(self.runs[0].manifest, scored.case_ids),
                confidence=CONFIDENCE,
                draws=DRAWS,
                seed=0,
            )
            show(console, settings_table(self.runs, summary))
            parent.log_metrics({f"{one.setting}/{one.score}": one.mean for one in summary.figures})
        for file in write_results(self.results, self.spec, self.runs, scored, summary):
            parent.log_file(file, "summary")
        parent.log_metrics({"runs_done": float(len(scored.runs)), "runs_missing": float(len(scored.absent))})
        console.print(f"summary: {self.results / 'summary.md'}", soft_wrap=True, markup=False)


def plan_table(runs: Sequence[Run]) -> Table:
    """Return what would be run, and what is done already."""
    rows = [(run.name, *_said_of(run)) for run in runs]
    return Table(("run", "network", "loss", "seed", "state"), rows, (f"{len(runs)} runs.",))


def _said_of(run: Run) -> tuple[str, str, str, str]:
    training = run.point.training
    done = all((step.folder / DONE).is_file() for step in run.steps)
    state = "done" if done else why_absent(run.folder).partition(":")[0]
    return training.network, training.loss or "the sheet's", str(run.point.seed), state


def _groups(manifest: object, case_ids: Sequence[str]) -> dict[str, str | None]:
    from monai.bundle import ConfigParser  # noqa: PLC0415 (it loads torch)

    path = ConfigParser({"manifest": manifest}).get_parsed_content("manifest")
    groups = group_of_case(Manifest.load(path).cases)
    unknown = [case_id for case_id in case_ids if case_id not in groups]
    if unknown:
        raise DataError(f"{path} has no case {unknown[0]}, which the runs were scored on. Give their manifest.")
    return {case_id: groups[case_id] for case_id in case_ids}
