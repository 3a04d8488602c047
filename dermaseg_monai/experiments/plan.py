"""Points become runs: their sheets are merged and checked, before the first of them is started."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.digest import data_path, digest
from dermaseg_monai.experiments.grid import Point, expand
from dermaseg_monai.experiments.job import DONE, Job, Stage
from dermaseg_monai.experiments.sheets import evaluate_files, evaluation_overlays, train_files
from dermaseg_monai.experiments.spec import FIRST, Spec
from dermaseg_monai.experiments.values import (
    OF_TRAINING,
    absolute,
    ignored_keys,
    merged_sheet,
    require_encoder,
    require_files,
    require_same_encoder,
    training_values,
)
from dermaseg_monai.files import write_json

TRAIN: Final = "train"
_WEIGHTS: Final = "model.safetensors"


@dataclass(frozen=True)
class Tracked:
    """Where runs are shown: the store, the experiment, and the run above them (None where the store is away)."""

    tracking_uri: str
    experiment: str
    parent_run: str | None


@dataclass(frozen=True)
class Step:
    """One command of a run: what it runs, of which sheets, with which values, into which folder."""

    name: str
    run_id: str
    files: tuple[str, ...]
    values: Mapping[str, Any]
    folder: Path


@dataclass(frozen=True)
class Run:
    """One run of an ablation.

    Attributes:
        name: setting, seed and digest; names the folder.
        point: what it is in the grid.
        folder: of this run.
        steps: training and evaluation, before them the training whose weights it starts from.
        manifest: of the images it is scored on: a path, or a component that makes the demo set.
    """

    name: str
    point: Point
    folder: Path
    steps: tuple[Step, ...]
    manifest: object

    @property
    def cases(self) -> Path:
        """The table of the evaluation, one row per image."""
        return self.steps[-1].folder / "cases.csv"

    def job(self, tracked: Tracked) -> Job:
        """Return the commands of this run."""
        return Job(self.name, self.folder, tuple(_stage(self, step, tracked) for step in self.steps))

    def write(self) -> None:
        """Write what this run is, and the sheet of its empty keys, which a command line cannot hold."""
        for step in self.steps:
            about = {"run": step.run_id, "files": list(step.files), "values": dict(step.values)}
            write_json(self.folder / f"{step.name}.json", about)
            empty = [key for key, value in step.values.items() if value is None]
            if empty:
                write_json(_empty_file(self, step), dict.fromkeys(empty))


def plan(spec: Spec, runs: Path) -> list[Run]:
    """Return every run of a spec, checked against its sheets; nothing is written.

    Args:
        spec: what to run.
        runs: folder of the ablation, one folder per run below it.

    Raises:
        ConfigError: a network, loss, overlay, key, file or value does not exist or fit, or two runs are equal.
    """
    found: dict[str, Run] = {}
    for point in expand(spec):
        run, sheets = _run(spec, point, runs)
        ignored = ignored_keys(sheets[TRAIN])
        taken = {step: {key: sheet[key] for key in sheet if key not in ignored} for step, sheet in sheets.items()}
        twin = found.setdefault(digest(taken), run)
        if twin is not run:
            one, other = (f"{each.point.label} (seed {each.point.seed})" for each in (twin, run))
            passed = f" ({point.training.network} takes no {', '.join(ignored)})" if twin.name != run.name else ""
            raise ConfigError(
                f"{spec.name}: two equal runs: {one} and {other} have the same values{passed}. Remove one."
            )
    return list(found.values())


def _run(spec: Spec, point: Point, runs: Path) -> tuple[Run, dict[str, Mapping[str, Any]]]:
    where = f"{spec.name}: {point.label}"
    sheets: dict[str, Mapping[str, Any]] = {}
    plans: list[tuple[str, str, list[str], dict[str, Any]]] = []
    for name, training in ((FIRST, point.first), (TRAIN, point.training)):
        if training is not None:
            plans.append((name, "training", train_files(training, where=where), training_values(training, where)))
    overlays, evaluation = evaluation_overlays(spec.evaluate)
    split = evaluation.setdefault("split", "test")
    of_network = {key: value for key, value in plans[-1][3].items() if key not in OF_TRAINING}
    values = {**of_network, **absolute(evaluation)}
    plans.append((f"evaluate_{split}", "evaluating", evaluate_files(point.training, overlays, where=where), values))
    for name, _, files, given in plans:
        require_files(given, where)
        sheets[name] = merged_sheet(files, given, where)
    require_encoder(point.training.network, sheets[TRAIN], where)
    if point.first is not None:
        require_same_encoder(sheets[FIRST], sheets[TRAIN], where)
    name = f"{_slug(point)}-{digest(sheets)}"
    folder = runs / name
    steps = tuple(Step(step, run_id, tuple(files), given, folder / step) for step, run_id, files, given in plans)
    return Run(name, point, folder, steps, data_path(sheets[f"evaluate_{split}"].get("manifest"))), sheets


def _slug(point: Point) -> str:
    words = [point.label] if point.seed is None else [point.label, f"seed{point.seed}"]
    return "-".join(re.sub(r"[^\w.]+", "_", word) for word in words)


def _stage(run: Run, step: Step, tracked: Tracked) -> Stage:
    title = run.name if step.name == TRAIN else f"{run.name} {step.name}"
    values = {key: value for key, value in step.values.items() if value is not None}
    values |= {"output_dir": str(step.folder), "tracking_uri": tracked.tracking_uri}
    values |= {"experiment": tracked.experiment, "run_name": title}
    if tracked.parent_run is not None:
        values["parent_run"] = tracked.parent_run
    weights = {one.name: str(one.folder / _WEIGHTS) for one in run.steps}
    if step.run_id == "evaluating" and TRAIN in weights:
        values["weights"] = weights[TRAIN]
    elif step.name == TRAIN and FIRST in weights:
        values["initial_weights"] = weights[FIRST]
    empty = [str(_empty_file(run, step))] if None in step.values.values() else []
    # repr: a name of digits stays a name
    words = [f"--{key}={value!r}" for key, value in values.items()]
    files = f"--config_file={[*step.files, *empty]!r}"
    return Stage(step.name, ("-m", "monai.bundle", "run", step.run_id, files, *words), step.folder / DONE)


def _empty_file(run: Run, step: Step) -> Path:
    return run.folder / f"{step.name}_empty.json"
