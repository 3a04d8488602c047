"""A matrix of data sets becomes runs: one per network, with its training and its test on every set."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.digest import digest
from dermaseg_monai.experiments.generalisation_sets import DataSet, slug
from dermaseg_monai.experiments.grid import Point, Training, as_training
from dermaseg_monai.experiments.plan import TRAIN, Run, Step
from dermaseg_monai.experiments.sheets import evaluate_files, evaluation_overlays, evaluation_sheets, train_files
from dermaseg_monai.experiments.spec import EVALUATE, SEED
from dermaseg_monai.experiments.values import (
    OF_TRAINING,
    absolute,
    merged_sheet,
    require_encoder,
    require_files,
    training_values,
)
from dermaseg_monai.files import sha256_of, write_json
from dermaseg_monai.manifest import Split

_SHEET: Final = "trained_with.json"
_OF_A_SET: Final = ("manifest", "dataset_dir", "weights", "split")
_OF_THE_MACHINE: Final = ("device", "num_workers", "amp")
"""What a test of given weights takes from the values of the trainings."""
_NOT_TAKEN_OVER: Final = ("resume", "initial_weights", "run_name", "parent_run")
"""A test of given weights is a run of its own."""


@dataclass(frozen=True)
class GivenWeights:
    """Weights that were trained before.

    Attributes:
        path: `model.safetensors`.
        bundle: folder of the bundle.
        config: the whole sheet of the training.
        trained_on: starts of the digests of all manifests it was trained on; none where nothing says so.
    """

    path: Path
    bundle: Path
    config: Mapping[str, Any]
    trained_on: tuple[str, ...]


@dataclass(frozen=True)
class Network:
    """One row of the matrix.

    Attributes:
        trained_on: the data set.
        run: its training, unless the weights are given, then the tests; that on its own set comes last.
        given: the weights, where they are given.
        sheet: what given weights were trained with; empty for a training.
        tables: name of a data set to the table of the test on it.
    """

    trained_on: DataSet
    run: Run
    given: GivenWeights | None
    sheet: Mapping[str, Any]
    tables: Mapping[str, Path]

    @property
    def weights(self) -> Path:
        """The weights file; there once the training is done."""
        return self.run.folder / TRAIN / "model.safetensors" if self.given is None else self.given.path

    def write_sheet(self) -> None:
        """Write what given weights were trained with, which their tests start from."""
        if self.given is not None:
            write_json(self.run.folder / _SHEET, dict(self.sheet))


def plan_generalisation(
    sets: Sequence[DataSet],
    *,
    values: Mapping[str, Any],
    given: Mapping[str, GivenWeights],
    split: Split,
    runs: Path,
) -> list[Network]:
    """Return a network per data set, checked against its sheets; nothing is written.

    A training is known by its values and its data alone, a test by the training, its own values and its data: another
    matrix over the same folder finds both again.

    Args:
        sets: the data sets.
        values: `network`, `loss`, `overlays` and any sheet key for the trainings; `evaluate#KEY` for the tests.
        given: name of a data set to weights that were trained on it.
        split: what is tested on.
        runs: folder of all runs.

    Raises:
        ConfigError: a network, loss, overlay, key, file or value does not exist or fit.
        DataError: a set that is to be trained on holds nothing in train or val.
    """
    own = [key for key in values if key in _OF_A_SET or key.removeprefix(f"{EVALUATE}#") in _OF_A_SET]
    if own:
        raise ConfigError(
            f"--set {own[0]}: it differs from set to set or is one for all. "
            "Give manifests, --dataset-dir, --weights or --split."
        )
    evaluation = {key.partition("#")[2]: value for key, value in values.items() if key.startswith(f"{EVALUATE}#")}
    common = {key: value for key, value in values.items() if not key.startswith(f"{EVALUATE}#")}
    evaluation["split"] = split
    return [
        _given(one, sets, given[one.name], common, evaluation, runs)
        if one.name in given
        else _trained(one, sets, common, evaluation, runs)
        for one in sets
    ]


def _trained(
    own: DataSet, sets: Sequence[DataSet], common: Mapping[str, Any], evaluation: Mapping[str, Any], runs: Path
) -> Network:
    where = f"training on {own.name}"
    for split in ("train", "val"):
        own.manifest.in_split(split)
    training = as_training({**common, **_data(own)}, where)
    values, files = training_values(training, where), train_files(training, where=where)
    require_files(values, where)
    sheet = merged_sheet(files, values, where)
    require_encoder(training.network, sheet, where)
    name = f"{own.slug}-{slug(training.network)}-{digest({TRAIN: sheet})}"
    folder = runs / name
    steps = [Step(TRAIN, "training", tuple(files), values, folder / TRAIN)]
    of_network = {key: value for key, value in values.items() if key not in OF_TRAINING}
    overlays, rest = evaluation_overlays(evaluation)
    for other in _own_last(own, sets):
        test = {**of_network, **absolute(rest), **_data(other), **_leaks_counted(own, other)}
        sheets = evaluate_files(training, overlays, where=where)
        merged = merged_sheet(sheets, test, f"{where}, test on {other.name}")
        steps.append(_test(other, sheets, test, folder, digest({EVALUATE: merged})))
    return _network(own, name, folder, training, steps, sets, None, {})


def _given(  # noqa: PLR0917 (one row of plan_generalisation)
    own: DataSet,
    sets: Sequence[DataSet],
    weights: GivenWeights,
    common: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    runs: Path,
) -> Network:
    sha256 = sha256_of(weights.path)
    name = f"{own.slug}-given-{sha256[:8]}"
    folder = runs / name
    sheet = _sheet_of(weights)
    overlays, rest = evaluation_overlays(evaluation)
    training = Training(weights.bundle.name, None, (), dict(common))
    machine = {key: common[key] for key in _OF_THE_MACHINE if key in common}
    # as beside a bundle's own sheet: MONAI looks for these two beside the first one
    about = {"meta_file": "metadata.json", "logging_file": "logging.conf"}
    places = {key: str(weights.bundle / "configs" / file) for key, file in about.items()}
    steps = []
    with tempfile.TemporaryDirectory() as drafts:
        write_json(Path(drafts) / _SHEET, sheet)
        for other in _own_last(own, sets):
            test = {**machine, **absolute(rest), **_data(other), **_leaks_counted(own, other), **places}
            where = f"weights of {own.name}, test on {other.name}"
            laid = evaluation_sheets(weights.bundle / "configs", overlays, where=where)
            merged = merged_sheet([str(Path(drafts) / _SHEET), *laid], test, where)
            known_by = digest({"given": {"sha256": sha256}, EVALUATE: merged})
            files, values = [str(folder / _SHEET), *laid], {**test, "weights": str(weights.path.resolve())}
            steps.append(_test(other, files, values, folder, known_by))
    return _network(own, name, folder, training, steps, sets, weights, sheet)


def _network(  # noqa: PLR0917 (what both kinds of rows end with)
    own: DataSet,
    name: str,
    folder: Path,
    training: Training,
    steps: Sequence[Step],
    sets: Sequence[DataSet],
    given: GivenWeights | None,
    sheet: Mapping[str, Any],
) -> Network:
    point = Point((("trained on", own.name),), training.values.get(SEED), training, None)
    run = Run(name, point, folder, tuple(steps), str(own.path))
    tests = [step for step in steps if step.name != TRAIN]
    tables = {one.name: step.folder / "cases.csv" for one, step in zip(_own_last(own, sets), tests, strict=True)}
    return Network(own, run, given, sheet, tables)


def _test(other: DataSet, files: Sequence[str], values: Mapping[str, Any], folder: Path, known_by: str) -> Step:
    name = f"{EVALUATE}_{values['split']}_{other.slug}-{known_by}"
    return Step(name, "evaluating", tuple(files), values, folder / name)


def _data(one: DataSet) -> dict[str, str]:
    return {"manifest": str(one.path), "dataset_dir": str(one.folder)}


def _leaks_counted(own: DataSet, other: DataSet) -> dict[str, bool]:
    # what two sets share is counted and left out beside the score; inside one set it is refused as ever
    return {} if own.name == other.name else {"allow_leaks": True}


def _own_last(own: DataSet, sets: Sequence[DataSet]) -> list[DataSet]:
    return [*(one for one in sets if one.name != own.name), own]


def _sheet_of(weights: GivenWeights) -> dict[str, Any]:
    """Return what weights were trained with, for a test that is tracked as today's bundle tracks."""
    today = json.loads((weights.bundle / "configs" / "train.json").read_text(encoding="utf-8"))
    return {**today, **weights.config, **dict.fromkeys(_NOT_TAKEN_OVER), "tracker": today["tracker"]}
