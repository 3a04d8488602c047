"""MONAI finds in the sheets what its workflows ask for, with evaluation of code switched off."""

from pathlib import Path
from typing import Any

import pytest
import torch
from monai.bundle import ConfigParser, ConfigWorkflow

from dermaseg_monai.data import make_volumes
from dermaseg_monai.engines.weights import write_weights

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"
NAMES = sorted(path.parents[1].name for path in BUNDLES.glob("*/configs/train.json"))
# MONAI's check does not mind the size of the network
NARROW = {name: {"network_def#widths": [4, 8]} for name in ("baselines", "unet_ham10000")}
NARROW["unet3d"] = {"network_def#channels": [4, 8, 16]}
# sheets for volumes, which have no encoder
VOLUMES = ("unet3d",)

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


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def data(name: str, tiny: Path, tmp_path: Path) -> Path:
    """Manifest of what the bundle takes: photographs or volumes."""
    return make_volumes(tmp_path / "volumes", n=5, seed=0) if name in VOLUMES else tiny


def workflow(tiny: Path, tmp_path: Path, name: str, *sheets: str, kind: str, **values: object) -> ConfigWorkflow:
    configs = BUNDLES / name / "configs"
    small = {"device": "cpu", "image_size": 32, "output_dir": str(tmp_path / "out"), "dataset_dir": str(tiny.parent)}
    return ConfigWorkflow(
        config_file=[str(configs / sheet) for sheet in sheets],
        meta_file=str(configs / "metadata.json"),
        workflow_type=kind,
        **{**small, **NARROW.get(name, {}), **values},
    )


def train_values(tiny: Path, tmp_path: Path) -> dict[str, Any]:
    return {
        "manifest": str(tiny),
        "tracking_uri": f"sqlite:///{tmp_path}/mlflow.db",
        "batch_size": 3,
        "val_interval": 3,
    }


@pytest.fixture
def weights(name: str, tmp_path: Path) -> str:
    """A weights file of the network of the bundle, untrained."""
    parser = ConfigParser(ConfigParser.load_config_file(str(BUNDLES / name / "configs" / "train.json")))
    for key, value in NARROW.get(name, {}).items():
        parser[key] = value
    said = {"encoder": "mobilenet_v2", "output_stride": "16", "image_size": "32", "spacing_mm": "[0.2, 0.2, 0.2]"}
    write_weights(tmp_path / "model.safetensors", parser.get_parsed_content("network_def"), said)
    return str(tmp_path / "model.safetensors")


def test_the_train_sheet_has_all_that_monai_asks_for(data: Path, tmp_path: Path, name: str) -> None:
    found = workflow(data, tmp_path, name, "train.json", kind="train", **train_values(data, tmp_path))
    found.initialize()
    assert found.check_properties() == []
    assert found.val_interval == 3
    first = found.train_dataset[0]
    patches = first if isinstance(first, list) else [first]  # several of a volume, the whole photograph
    assert all({"image", "label"} <= set(patch) for patch in patches)


def test_train_with_evaluate_has_all_that_monai_asks_for(data: Path, tmp_path: Path, name: str, weights: str) -> None:
    values = {**train_values(data, tmp_path), "weights": weights}
    found = workflow(data, tmp_path, name, "train.json", "evaluate.json", kind="train", **values)
    found.initialize()
    assert found.check_properties() == []


def test_the_inference_sheet_has_all_that_monai_asks_for(data: Path, tmp_path: Path, name: str, weights: str) -> None:
    values = {"images": str(data), "weights": weights}
    found = workflow(data, tmp_path, name, "inference.json", kind="infer", **values)
    found.initialize()
    assert found.check_properties() == []
    found.network_def.eval()
    image = found.dataset[0]["image"]
    grid = (32,) * (image.ndim - 1)
    assert found.network_def(torch.rand(1, image.shape[0], *grid)).shape == (1, 1, *grid)


@pytest.mark.parametrize("name", ["unet3d"])
def test_inference_from_disk_has_all_that_monai_asks_for(data: Path, tmp_path: Path, name: str, weights: str) -> None:
    values = {"images": str(data), "weights": weights}
    found = workflow(data, tmp_path, name, "inference.json", "from_disk.json", kind="infer", **values)
    found.initialize()
    assert found.check_properties() == []


@pytest.mark.parametrize("name", ["ba_deeplab"])
def test_a_sheet_without_a_property_fails_the_check(data: Path, tmp_path: Path, name: str, weights: str) -> None:
    elsewhere = {"images": str(data), "weights": weights, "other": [], "evaluator#val_handlers": "@other"}
    found = workflow(data, tmp_path, name, "inference.json", kind="infer", **elsewhere)
    found.initialize()
    assert found.check_properties() == ["handlers"]
