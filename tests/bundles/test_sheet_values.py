import json
from pathlib import Path

import pytest

from dermaseg_monai.bundle.keys import SHARED_KEYS
from dermaseg_monai.losses import OVERLAPS

ROOT = Path(__file__).resolve().parents[2]
SHEETS = sorted((ROOT / "bundles").glob("*/configs/**/*.json"))
TRAINED = sorted((ROOT / "bundles").glob("*/configs/train.json"))
STANDARD = {
    *("bundle_root", "manifest", "dataset_dir", "output_dir", "tracking_uri", "experiment", "run_name", "max_epochs"),
    *(
        "val_interval",
        "learning_rate",
        "batch_size",
        "image_size",
        "num_workers",
        "cache_rate",
        "amp",
        "device",
        "seed",
    ),
    *("encoder", "encoder_weights", "output_stride", "resume", "allow_leaks"),
}
# networks for volumes have no encoder of photographs
WITHOUT = {"unet3d": {"encoder", "encoder_weights", "output_stride"}}


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *strings(item))]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_a_sheet_holds_values_and_no_code(sheet: Path) -> None:
    for text in strings(json.loads(sheet.read_text())):
        assert not text.startswith("$"), text


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_every_component_is_ours_monais_or_torchs(sheet: Path) -> None:
    def targets(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["_target_"]] if "_target_" in value else []
            return own + [target for item in value.values() for target in targets(item)]
        return [target for item in value for target in targets(item)] if isinstance(value, list) else []

    for target in targets(json.loads(sheet.read_text())):
        assert "." not in target or target.startswith(("dermaseg_monai.", "monai.", "torch.")), target


@pytest.mark.parametrize("sheet", TRAINED, ids=lambda path: path.parents[1].name)
def test_a_train_sheet_has_every_shared_key_and_the_loss_under_one_id(sheet: Path) -> None:
    values = json.loads(sheet.read_text())
    assert set(values) >= STANDARD - WITHOUT.get(sheet.parents[1].name, set())
    assert set(SHARED_KEYS) >= STANDARD
    assert values["loss"]["overlap"] in OVERLAPS
