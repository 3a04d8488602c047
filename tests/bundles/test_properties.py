"""MONAI finds in the sheets what its workflows ask for, with evaluation of code switched off."""

from pathlib import Path
from typing import Any

import pytest
from monai.bundle import ConfigWorkflow

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "bundles" / "ba_deeplab" / "configs"

pytestmark = pytest.mark.filterwarnings(
    "ignore:parsing config_file:UserWarning",
    # MONAI 1.6 on the default of its own DataLoader and on NumPy's scalars
    "ignore:.*:DeprecationWarning:monai.*",
    "ignore:.*:FutureWarning:monai.*",
)


@pytest.fixture(autouse=True)
def without_code(monkeypatch: pytest.MonkeyPatch) -> None:
    # MONAI reads the variable when it is imported
    monkeypatch.setattr("monai.bundle.config_item.ConfigExpression.run_eval", False)


def workflow(tiny: Path, tmp_path: Path, *names: str, kind: str, **values: object) -> ConfigWorkflow:
    small = {"device": "cpu", "image_size": 32, "output_dir": str(tmp_path / "out"), "dataset_dir": str(tiny.parent)}
    return ConfigWorkflow(
        config_file=[str(CONFIGS / name) for name in names],
        meta_file=str(CONFIGS / "metadata.json"),
        workflow_type=kind,
        **{**small, **values},
    )


def train_values(tiny: Path, tmp_path: Path) -> dict[str, Any]:
    return {"manifest": str(tiny), "tracking_uri": f"sqlite:///{tmp_path}/mlflow.db", "batch_size": 4}


def test_the_train_sheet_has_all_that_monai_asks_for(tiny: Path, tmp_path: Path) -> None:
    found = workflow(tiny, tmp_path, "train.json", kind="train", **train_values(tiny, tmp_path))
    found.initialize()
    assert found.check_properties() == []
    assert found.val_interval == 1
    assert {"image", "label"} <= set(found.train_dataset[0])


def test_train_with_evaluate_has_all_that_monai_asks_for(tiny: Path, tmp_path: Path, trained: Path) -> None:
    values = {**train_values(tiny, tmp_path), "weights": str(trained / "model.safetensors")}
    found = workflow(tiny, tmp_path, "train.json", "evaluate.json", kind="train", **values)
    found.initialize()
    assert found.check_properties() == []


def test_the_inference_sheet_has_all_that_monai_asks_for(tiny: Path, tmp_path: Path, trained: Path) -> None:
    values = {"images": str(tiny), "weights": str(trained / "model.safetensors")}
    found = workflow(tiny, tmp_path, "inference.json", kind="infer", **values)
    found.initialize()
    assert found.check_properties() == []
    found.network_def.eval()
    assert found.network_def(found.dataset[0]["image"][None]).shape == (1, 1, 32, 32)


def test_a_sheet_without_a_property_fails_the_check(tiny: Path, tmp_path: Path, trained: Path) -> None:
    values = {"images": str(tiny), "weights": str(trained / "model.safetensors")}
    elsewhere = {"other": [], "evaluator#val_handlers": "@other"}
    found = workflow(tiny, tmp_path, "inference.json", kind="infer", **values, **elsewhere)
    found.initialize()
    assert found.check_properties() == ["handlers"]
