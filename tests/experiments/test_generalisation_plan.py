import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.experiments.generalisation_plan import GivenWeights, Network, plan_generalisation
from dermaseg_monai.experiments.generalisation_sets import DataSet
from dermaseg_monai.experiments.plan import Tracked
from tests.experiments.small_matrix import make_case, make_set, two_sets

ROOT = Path(__file__).resolve().parents[2]
TRACKED = Tracked("sqlite:////x/mlflow.db", "generalisation", "f" * 32)
VALUES = {"network": "ba_deeplab", "max_epochs": 1, "seed": 3}


def planned(
    sets: list[DataSet],
    folder: Path,
    values: Mapping[str, Any] | None = None,
    given: Mapping[str, GivenWeights] | None = None,
) -> list[Network]:
    return plan_generalisation(
        sets, values={**VALUES, **(values or {})}, given=given or {}, split="test", runs=folder / "runs"
    )


def words(network: Network, stage: int) -> tuple[str, ...]:
    return network.run.job(TRACKED).stages[stage].words


@pytest.fixture
def sets(tmp_path: Path) -> list[DataSet]:
    return two_sets(tmp_path)


@pytest.fixture
def given(tmp_path: Path) -> GivenWeights:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"weights")
    bundle = ROOT / "bundles" / "ba_deeplab"
    config = json.loads((bundle / "configs/train.json").read_text())
    del config["parent_run"]  # of an older version
    return GivenWeights(weights, bundle, {**config, "resume": "last.ckpt", "image_size": 96}, ())


def test_a_network_is_trained_on_its_set_and_tested_on_all(sets: list[DataSet], tmp_path: Path) -> None:
    first, second = planned(sets, tmp_path)
    assert first.run.name.startswith("a-ba_deeplab-")
    assert [step.name.rpartition("-")[0] for step in first.run.steps[1:]] == ["evaluate_test_b", "evaluate_test_a"]
    assert [step.name.rpartition("-")[0] for step in second.run.steps[1:]] == ["evaluate_test_a", "evaluate_test_b"]
    train, cross, own = (words(first, stage) for stage in range(3))
    manifests = [f"--manifest='{tmp_path}/{name}.json'" for name in "ab"]
    assert {"training", manifests[0], "--max_epochs=1", "--seed=3"} <= set(train)
    assert {"evaluating", manifests[1], f"--dataset_dir='{tmp_path}'", "--split='test'", "--seed=3"} <= set(cross)
    assert {"evaluating", manifests[0]} <= set(own)
    weights = f"--weights='{first.run.folder}/train/model.safetensors'"
    assert weights in cross
    assert weights in own
    assert first.tables["b"] == first.run.steps[1].folder / "cases.csv"
    assert first.weights == first.run.folder / "train" / "model.safetensors"


def test_only_tests_on_another_set_go_on_with_shared_cases(sets: list[DataSet], tmp_path: Path) -> None:
    first, _ = planned(sets, tmp_path)
    assert [any("allow_leaks" in word for word in words(first, stage)) for stage in range(3)] == [False, True, False]


def test_another_matrix_finds_trainings_and_tests_again(sets: list[DataSet], tmp_path: Path) -> None:
    first, second = planned(sets, tmp_path)
    third = make_set(tmp_path, "c", [make_case(f"c{split}", split) for split in ("train", "val", "test")])
    again, *_ = planned([sets[0], third, sets[1]], tmp_path)
    assert again.run.name == first.run.name
    assert (again.tables["a"], again.tables["b"]) == (first.tables["a"], first.tables["b"])
    changed, _ = planned(sets, tmp_path, {"evaluate#threshold": 0.4, "tracking_uri": "sqlite:///other.db"})
    assert changed.run.name == first.run.name
    assert changed.tables["b"] != first.tables["b"]
    longer, _ = planned(sets, tmp_path, {"max_epochs": 2})
    assert longer.run.name != first.run.name
    assert second.run.name != first.run.name


def test_other_data_under_the_same_name_is_another_training(sets: list[DataSet], tmp_path: Path) -> None:
    first, other = planned(sets, tmp_path)
    more = make_set(tmp_path, "a", [*sets[0].manifest.cases, make_case("new", "train")])
    changed, same = planned([more, sets[1]], tmp_path)
    assert changed.run.name != first.run.name
    assert same.run.name == other.run.name
    assert same.tables["a"] != other.tables["a"]


def test_given_weights_are_tested_as_they_were_trained(
    sets: list[DataSet], tmp_path: Path, given: GivenWeights
) -> None:
    first, second = planned(sets, tmp_path, {"device": "cpu", "evaluate#overlays": ["single_view"]}, {"a": given})
    assert first.run.name.startswith("a-given-")
    assert [step.run_id for step in first.run.steps] == ["evaluating", "evaluating"]
    assert [step.run_id for step in second.run.steps] == ["training", "evaluating", "evaluating"]
    cross = words(first, 0)
    configs = ROOT / "bundles/ba_deeplab/configs"
    laid = [
        str(first.run.folder / "trained_with.json"),
        str(configs / "evaluate.json"),
        str(configs / "single_view.json"),
    ]
    assert cross[4] == f"--config_file={laid!r}"
    assert {f"--weights='{given.path}'", "--device='cpu'", f"--meta_file='{configs}/metadata.json'"} <= set(cross)
    assert not [word for word in cross if "max_epochs" in word or "--seed" in word]
    assert not (tmp_path / "runs").exists()
    first.write_sheet()
    sheet = json.loads((first.run.folder / "trained_with.json").read_text())
    assert (sheet["resume"], sheet["parent_run"], sheet["image_size"]) == (None, None, 96)
    assert sheet["tracker"]["parent_run"] == "@parent_run"


def test_changed_weights_are_another_run(sets: list[DataSet], tmp_path: Path, given: GivenWeights) -> None:
    first, _ = planned(sets, tmp_path, given={"a": given})
    given.path.write_bytes(b"others")
    other, _ = planned(sets, tmp_path, given={"a": given})
    assert other.run.name != first.run.name


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"network": "unett"}, r"training on a: unknown network 'unett'\. Did you mean unet\?"),
        ({"max_epoch": 1}, r"training on a: Unknown key --max_epoch .*Did you mean --max_epochs\?"),
        ({"evaluate#treshold": 0.4}, r"training on a, test on b: Unknown key --treshold .*Did you mean --threshold\?"),
        ({"evaluate#overlays": ["single_vue"]}, r"unknown overlay 'single_vue'\. Did you mean single_view\?"),
        ({"evaluate#overlays": "single_view"}, r"expected a list, as in `overlays: \[single_view\]`"),
        ({"manifest": "x.json"}, r"--set manifest: it differs from set to set"),
        ({"evaluate#dataset_dir": "x"}, r"--set evaluate#dataset_dir: it differs from set to set"),
        ({"evaluate#split": "val"}, r"--set evaluate#split: .*--split"),
    ],
)
def test_bad_values_are_found_before_anything_runs(
    sets: list[DataSet], tmp_path: Path, values: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        planned(sets, tmp_path, values)
    assert not (tmp_path / "runs").exists()


def test_a_set_without_training_cases_needs_weights(tmp_path: Path, given: GivenWeights) -> None:
    sets = [two_sets(tmp_path)[0], make_set(tmp_path, "c", [make_case("c1", "test")])]
    with pytest.raises(DataError, match=r"Manifest c has no case in split 'train'"):
        planned(sets, tmp_path)
    assert len(planned(sets, tmp_path, given={"c": given})) == 2
