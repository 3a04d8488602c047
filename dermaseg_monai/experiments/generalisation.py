"""Train on one data set, test on another, for all pairs: from the plan to the matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from dermaseg_monai.bundle import tracking_uri
from dermaseg_monai.experiments.batch import Batch, show
from dermaseg_monai.experiments.executor import Executor
from dermaseg_monai.experiments.generalisation_differences import network_facts, set_facts
from dermaseg_monai.experiments.generalisation_files import write_result
from dermaseg_monai.experiments.generalisation_matrix import build_matrix
from dermaseg_monai.experiments.generalisation_overlap import Overlap, find_overlap
from dermaseg_monai.experiments.generalisation_plan import Network
from dermaseg_monai.experiments.generalisation_result import Result
from dermaseg_monai.experiments.generalisation_sets import DataSet
from dermaseg_monai.experiments.generalisation_tables import matrix_table
from dermaseg_monai.experiments.job import DONE
from dermaseg_monai.experiments.tables import why_absent
from dermaseg_monai.manifest import Split
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.tracking import ParentRun

CONFIDENCE: Final = 0.95
DRAWS: Final = 2000


@dataclass(frozen=True)
class Generalisation:
    """A matrix of data sets and where it goes.

    Attributes:
        name: of its results and of its run in MLflow.
        sets: the data sets.
        networks: one per set, planned.
        split: what is tested on.
        values: of trainings and tests, as they were given.
        folder: of all runs; shared by all matrices, so that none trains again what another has.
        results: folder of the summary.
        at_once: how many networks are trained at the same time, for the estimate of the time left.
    """

    name: str
    sets: Sequence[DataSet]
    networks: Sequence[Network]
    split: Split
    values: Mapping[str, Any]
    folder: Path
    results: Path
    at_once: int

    def run(self, executor: Executor, *, retry_failed: bool, console: Console) -> bool:
        """Train and test what is not done, write the matrix of all that is, and say whether it is whole.

        What ends this process ends the runs too, and the next call goes on where they were.

        Raises:
            DataError: another process works in the folder, or a table fits no manifest.
        """
        for network in self.networks:
            network.write_sheet()
        batch = Batch(
            name=self.name,
            command="dermaseg generalise",
            runs=[network.run for network in self.networks],
            folder=self.folder,
            parent_file=self.folder / f"parent_{self.name}.json",
            tracking_uri=str(self.values.get("tracking_uri") or tracking_uri()),
            experiment=str(self.values.get("experiment") or "generalisation"),
            at_once=self.at_once,
        )
        return batch.run(
            executor,
            texts={"sets.txt": "".join(f"{one.name} {one.manifest.digest}\n" for one in self.sets)},
            summarise=lambda parent: self._summarise(parent, console),
            retry_failed=retry_failed,
            console=console,
        )

    def _summarise(self, parent: ParentRun, console: Console) -> None:
        result = self._result()
        show(console, matrix_table(result))
        for cell in result.matrix.cells:
            kind = "leak_free" if cell.leak_free else "all"
            pair = f"{cell.trained_on} on {cell.tested_on}/{kind}"
            parent.log_metrics({f"{pair}/{name}": one.value for name, one in cell.scores.items()})
        if not result.tables and (self.results / "summary.md").is_file():
            console.print(f"Nothing was scored: {self.results} stays as it was.", soft_wrap=True, markup=False)
            return
        for file in write_result(self.results, result):
            parent.log_file(file, "summary")
        console.print(f"summary: {self.results / 'summary.md'}", soft_wrap=True, markup=False)

    def _result(self) -> Result:
        overlaps: dict[tuple[str, str], Overlap] = {
            (one.name, other.name): find_overlap(one, other, split=self.split)
            for one in self.sets
            for other in self.sets
        }
        tables = {
            (network.trained_on.name, name): table
            for network in self.networks
            for name, table in network.tables.items()
            if (table.parent / DONE).is_file()
        }
        return Result(
            name=self.name,
            split=self.split,
            sets=[
                set_facts(one, self.split, [table for (_, tested_on), table in tables.items() if tested_on == one.name])
                for one in self.sets
            ],
            networks=[network_facts(network, _metadata(network.weights)) for network in self.networks],
            overlaps=overlaps,
            matrix=build_matrix(self.networks, self.sets, overlaps, confidence=CONFIDENCE, draws=DRAWS, seed=0),
            tables={pair: table.parent for pair, table in tables.items()},
            missing=[
                f"trained on {network.trained_on.name}, tested on {name}: {why_absent(network.run.folder)}"
                for network in self.networks
                for name in network.tables
                if (network.trained_on.name, name) not in tables
            ],
        )


def plan_table(networks: Sequence[Network]) -> Table:
    """Return what would be trained and tested, and what is done already."""
    rows = []
    for network in networks:
        training = "weights given" if network.given is not None else _state(network.run.steps[0].folder)
        tests = ", ".join(f"{name}: {_state(table.parent)}" for name, table in network.tables.items())
        rows.append((network.run.name, network.run.point.training.network, training, tests))
    return Table(("run", "network", "training", "tests"), rows, (f"{len(rows)} networks, {len(rows) ** 2} tests.",))


def _state(folder: Path) -> str:
    return "done" if (folder / DONE).is_file() else "to do"


def _metadata(weights: Path) -> dict[str, str]:
    from dermaseg_monai.engines import read_metadata  # noqa: PLC0415 (torch)

    return read_metadata(weights) if weights.is_file() else {}
