"""Two data sets, without pictures, whose tests are tables that the tests of the matrix fill by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dermaseg_monai.experiments.generalisation_plan import Network
from dermaseg_monai.experiments.generalisation_sets import DataSet
from dermaseg_monai.experiments.grid import Point, Training
from dermaseg_monai.experiments.plan import Run, Step
from dermaseg_monai.files import write_json
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split
from dermaseg_monai.metrics import write_scores
from tests.experiments.small_ablation import case as score


def make_case(name: str, split: Split, **more: object) -> Case:
    """A case whose file is known by its id alone; `more` are fields of Case."""
    image = FileRecord(f"{name}.jpg", f"{hash_of(name):064x}", size_px=(10, 20))
    mask = FileRecord(f"{name}.png", f"{hash_of(name + 'mask'):064x}", size_px=(10, 20))
    return replace(Case(name, image, (Annotation(mask),), split), **more)  # pyright: ignore[reportArgumentType]


def hash_of(name: str) -> int:
    """A number for a name, the same in every process."""
    return int.from_bytes(name.encode(), "big")


def make_set(folder: Path, name: str, cases: Sequence[Case]) -> DataSet:
    """A data set of these cases; its manifest is written."""
    manifest = Manifest(name, "1", None, tuple(cases))
    manifest.save(folder / f"{name}.json")
    return DataSet(name, folder / f"{name}.json", manifest, folder)


def two_sets(folder: Path) -> list[DataSet]:
    """Sets a and b with a train, a val and three test cases each; b3 shows a lesion that a trains on."""
    sets = []
    for name in "ab":
        cases = [make_case(f"{name}_train", "train", lesion_id="L1" if name == "a" else None)]
        cases.append(make_case(f"{name}_val", "val"))
        cases += [make_case(f"{name}{number}", "test") for number in (1, 2)]
        cases.append(make_case(f"{name}3", "test", lesion_id="L1" if name == "b" else None))
        sets.append(make_set(folder, name, cases))
    return sets


def make_network(own: DataSet, sets: Sequence[DataSet], folder: Path, uri: str = "") -> Network:
    """A network that is not trained."""
    home = folder / own.name
    others = [*(one for one in sets if one.name != own.name), own]
    steps = [Step("train", "training", ("train.json",), {}, home / "train")]
    steps += [Step(f"evaluate_{one.name}", "evaluating", ("train.json",), {}, home / one.name) for one in others]
    point = Point((("trained on", own.name),), None, Training("unet", None, (), {"tracking_uri": uri}), None)
    run = Run(own.name, point, home, tuple(steps), str(own.path))
    return Network(own, run, None, {}, {one.name: home / one.name / "cases.csv" for one in others})


def fill(network: Network, tested: DataSet, jaccards: Mapping[str, float]) -> None:
    """Write the table of one test; every overlap score is the Jaccard given."""
    write_scores(network.tables[tested.name], [score(case_id, value) for case_id, value in jaccards.items()])
    write_json(network.tables[tested.name].parent / "done.json", {"seconds": 1.0})


def finish(network: Network, sets: Sequence[DataSet], *, own: float = 0.8, other: float = 0.5) -> None:
    """Fill the folder of a network as its training and its tests do."""
    for step in network.run.steps:
        write_json(step.folder / "done.json", {"seconds": 1.0})
    for one in sets:
        level = own if one.name == network.trained_on.name else other
        fill(network, one, {f"{one.name}{number}": level + 0.05 * number for number in (1, 2, 3)})
