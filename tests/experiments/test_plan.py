import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.plan import Run, Tracked, plan
from dermaseg_monai.experiments.sheets import known_networks
from dermaseg_monai.experiments.spec import override, read_spec

ROOT = Path(__file__).resolve().parents[2]
TRACKED = Tracked("sqlite:////x/mlflow.db", "ablation try", "f" * 32)


def planned(folder: Path, changes: Mapping[str, Any] | None = None, **parts: Mapping[str, Any]) -> list[Run]:
    path = folder / "spec.yaml"
    common = {"network": "ba_deeplab", "loss": "ce_dice", "max_epochs": 1}
    text = {"name": "try", "common": {**common, **parts.pop("common", {})}, "grid": {"seed": [0]}, **parts}
    path.write_text(yaml.safe_dump(text, sort_keys=False))
    return plan(override(read_spec(path), changes or {}), folder / "runs")


def digest_of(run: Run) -> str:
    return run.name.rpartition("-")[2]


def words(run: Run, stage: int) -> tuple[str, ...]:
    return run.job(TRACKED).stages[stage].words


def test_a_run_is_the_training_of_its_bundle_and_the_evaluation_of_its_weights(tmp_path: Path) -> None:
    (run,) = planned(tmp_path)
    assert run.name.startswith("all-seed0-")
    assert run.folder == tmp_path / "runs" / run.name
    job = run.job(TRACKED)
    assert [stage.name for stage in job.stages] == ["train", "evaluate_test"]
    train, evaluate = (stage.words for stage in job.stages)
    sheet = str(ROOT / "bundles/ba_deeplab/configs/train.json")
    assert train[:5] == ("-m", "monai.bundle", "run", "training", f"--config_file=['{sheet}']")
    assert {"--max_epochs=1", "--seed=0", "--loss#overlap='ce_dice'", f"--parent_run='{'f' * 32}'"} <= set(train)
    assert f"--output_dir='{run.folder}/train'" in train
    assert evaluate[3] == "evaluating"
    assert evaluate[4] == f"--config_file=['{sheet}', '{sheet.replace('train.json', 'evaluate.json')}']"
    assert {f"--weights='{run.folder}/train/model.safetensors'", "--split='test'"} <= set(evaluate)
    assert run.cases == run.folder / "evaluate_test" / "cases.csv"
    assert job.stages[0].done_file == run.folder / "train" / "done.json"


def test_an_evaluation_takes_the_network_s_size_from_its_weights(tmp_path: Path) -> None:
    common = {"image_size": 64, "encoder": "resnet18", "network_def#refinement": False, "num_workers": 1}
    (run,) = planned(tmp_path, common={**common, "batch_size": 2})
    evaluate = " ".join(words(run, 1))
    assert "image_size" not in evaluate
    assert "batch_size" not in evaluate  # which it refuses
    assert "--batch_size=2" in words(run, 0)
    assert "--encoder=" not in evaluate
    assert "--network_def#refinement=False" in evaluate
    assert "--num_workers=1" in evaluate


def test_an_empty_key_goes_into_a_sheet_of_its_own(tmp_path: Path) -> None:
    (run,) = planned(tmp_path, common={"encoder_weights": None})
    assert "encoder_weights" not in " ".join(words(run, 0)[5:])
    assert words(run, 0)[4].endswith(f"'{run.folder}/train_empty.json']")
    run.write()
    assert json.loads((run.folder / "train_empty.json").read_text()) == {"encoder_weights": None}
    assert json.loads((run.folder / "train.json").read_text())["values"]["max_epochs"] == 1


def test_the_evaluation_is_changed_from_outside_too(tmp_path: Path) -> None:
    (test,), (val,) = planned(tmp_path), planned(tmp_path, {"evaluate#split": "val", "evaluate#threshold": 0.4})
    assert digest_of(test) != digest_of(val)
    assert val.cases.parent.name == "evaluate_val"
    assert {"--split='val'", "--threshold=0.4"} <= set(words(val, 1))
    assert not [word for word in words(val, 0) if "split" in word or "threshold" in word]
    with pytest.raises(ConfigError, match=r"Unknown key --treshold"):
        planned(tmp_path, {"evaluate#treshold": 0.4})


def test_a_key_that_a_network_does_not_take_may_be_common_to_several(tmp_path: Path) -> None:
    common = {"encoder": "resnet18"}
    runs = planned(tmp_path, common=common, grid={"network": ["unet", "deeplabv3"]})
    assert len({digest_of(run) for run in runs}) == 2


def test_a_chain_starts_from_the_weights_of_its_first_training(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    first = {"manifest": str(tmp_path / "other.json"), "dataset_dir": str(tmp_path)}
    alone, chained = planned(tmp_path, variants={"alone": {}, "chained": {"first": first}})
    assert [step.name for step in chained.steps] == ["first", "train", "evaluate_test"]
    assert f"--initial_weights='{chained.folder}/first/model.safetensors'" in words(chained, 1)
    assert f"--manifest='{tmp_path}/other.json'" in words(chained, 0)
    assert digest_of(alone) != digest_of(chained)
    (tmp_path / "other.json").write_text("{ }")
    _, changed = planned(tmp_path, variants={"alone": {}, "chained": {"first": first}})
    assert digest_of(changed) != digest_of(chained)


def test_the_digest_is_of_values_and_data_and_not_of_places(tmp_path: Path) -> None:
    manifest = tmp_path / "m.json"
    manifest.write_text("{}")
    common = {"manifest": str(manifest), "dataset_dir": str(tmp_path)}
    (run,) = planned(tmp_path, common=common)
    (same,) = planned(
        tmp_path, {"tracking_uri": "sqlite:////y.db", "num_workers": 2, "dataset_dir": "/elsewhere"}, common=common
    )
    (other,) = planned(tmp_path, {"max_epochs": 2}, common=common)
    assert same.name == run.name
    assert other.name != run.name
    copy = tmp_path / "copy.json"
    copy.write_text("{}")
    (copied,) = planned(tmp_path, {"manifest": str(copy)}, common=common)
    assert copied.name == run.name
    copy.write_text("{ }")
    (changed,) = planned(tmp_path, {"manifest": str(copy)}, common=common)
    assert changed.name != run.name


def test_another_evaluation_is_another_run(tmp_path: Path) -> None:
    (test,) = planned(tmp_path)
    (val,) = planned(tmp_path, evaluate={"split": "val"})
    assert digest_of(test) != digest_of(val)
    assert val.cases.parent.name == "evaluate_val"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"common": {"network": "ba_deeplap"}}, r"try: all: unknown network 'ba_deeplap'\. Did you mean ba_deeplab\?"),
        ({"common": {"loss": "ce_dise"}}, r"unknown loss 'ce_dise'\. Did you mean ce_dice\?"),
        ({"common": {"overlays": ["isic2017"]}}, r"unknown overlay 'isic2017'\. Did you mean isic2018\?"),
        ({"common": {"overlays": ["none.json"]}}, r"there is no overlay none\.json"),
        ({"common": {"max_epoch": 3}}, r"try: all: Unknown key --max_epoch .*Did you mean --max_epochs\?"),
        ({"common": {"max_epochs": 0}}, r"--max_epochs is 0 .*at least 1"),
        ({"common": {"loss#consistency_wait": 1}}, r"Did you mean --loss::consistency_weight\?"),
        ({"evaluate": {"split": "tst"}}, r"--split is 'tst'.*one of train, val, test"),
        ({"evaluate": {"treshold": 0.4}}, r"Unknown key --treshold .*Did you mean --threshold\?"),
        (
            {"common": {"encoder": "resnet51"}},
            r"try: all: unknown encoder of ba_deeplab 'resnet51'\. Did you mean resnet50\?",
        ),
        (
            {"common": {"network": "encoder_unet", "encoder": "resnet18"}},
            r"unknown encoder of encoder_unet 'resnet18'\. Did you mean resnet",
        ),
        (
            {"common": {"network": "unet"}, "grid": {"encoder": ["resnet18", "resnet50"]}},
            r"two equal runs: encoder resnet18 .* and encoder resnet50 .*unet takes no encoder, encoder_weights",
        ),
        ({"common": {"manifest": "none.json"}}, r"try: all: manifest 'none\.json' is not a file .* Correct manifest\."),
        ({"common": {"initial_weights": "no.safetensors"}}, r"initial_weights 'no\.safetensors' is not a file"),
        ({"evaluate": {"manifest": "none.json"}}, r"manifest 'none\.json' is not a file"),
        (
            {"common": {"overlays": ["isic2018_cpu"]}, "variants": {"a": {"first": {"overlays": ["ham10000"]}}}},
            r"first training has encoder resnet50, the run mobilenet_v2.*--set encoder=mobilenet_v2",
        ),
        ({"variants": {"a": {}, "b": {"max_epochs": 1}}}, r"two equal runs: a \(seed 0\) and b \(seed 0\)"),
    ],
)
def test_bad_values_are_found_before_anything_runs(tmp_path: Path, parts: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        planned(tmp_path, **parts)
    assert not (tmp_path / "runs").exists()


def test_one_encoder_given_for_all_reaches_the_first_training(tmp_path: Path) -> None:
    common = {"overlays": ["isic2018_cpu"], "encoder": "mobilenet_v2"}
    (run,) = planned(tmp_path, common=common, variants={"a": {"first": {"overlays": ["ham10000"]}}})
    assert "--encoder='mobilenet_v2'" in words(run, 0)
    unet = {"network": "unet", "overlays": ["isic2018_cpu"]}  # it has no encoder that could differ
    assert planned(tmp_path, common=unet, variants={"a": {"first": {"overlays": ["ham10000"]}}})


@pytest.mark.parametrize(
    ("name", "count"),
    [("loss", 6), ("learning_rate", 6), ("component", 7), ("networks", 10), ("boundary_cues", 2), ("transfer", 6)],
)
def test_a_shipped_spec_expands(tmp_path: Path, name: str, count: int) -> None:
    runs = plan(override(read_spec(ROOT / "ablations" / f"{name}.yaml"), {"seed": [0]}), tmp_path)
    assert len({run.name for run in runs}) == count


def test_the_network_comparison_has_every_network() -> None:
    spec = read_spec(ROOT / "ablations" / "networks.yaml")
    assert set(spec.grid["network"]) == set(known_networks())
