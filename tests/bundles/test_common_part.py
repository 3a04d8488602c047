"""All bundles are one sheet with another network: what differs from BA-DeepLabV3's is named here, and nothing else."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.networks.catalogue import NETWORKS

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"
MODEL = BUNDLES / "ba_deeplab" / "configs"
NAMES = ("baselines", "deeplabv3")
OF_RELEASED_WEIGHTS = "fine_tune.json"
"""Only BA-DeepLabV3 has any."""

LOSS = tuple(
    f"loss::{key}"
    for key in (
        "_target_",
        "boundary_weight",
        "uncertainty_weight",
        "consistency_weight",
        "band_px",
        "auxiliary_weight",
    )
)
ALLOWED: Mapping[str, tuple[str, ...]] = {
    # networks without dilations have no network_def#rates, which says it best: it may have been overridden alone
    "train.json": ("network_def", "rates", "checkpoints::metadata::rates", *LOSS),
    "evaluate.json": ("rates::otherwise",),
    "inference.json": ("network_def", "rates::otherwise"),
    # einops is needed by one of the networks
    "metadata.json": ("name", "description", "references", "changelog", "required_packages_version::einops"),
}


def leaves(value: object, prefix: str = "") -> dict[str, object]:
    """Return every plain value of a sheet under its id."""
    if not isinstance(value, dict | list) or not value:
        return {prefix: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found: dict[str, object] = {}
    for key, item in items:
        found |= leaves(item, f"{prefix}::{key}" if prefix else str(key))
    return found


def common(sheet: Any, allowed: tuple[str, ...], *, bundle: str) -> dict[str, object]:  # noqa: ANN401
    """Return the leaves that may not differ, with BUNDLE for the bundle's own name."""
    return {
        key: "BUNDLE" if value == bundle else value
        for key, value in leaves(sheet).items()
        if not any(key == name or key.startswith(f"{name}::") for name in allowed)
    }


def differences(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    keys = [*one, *(key for key in other if key not in one)]
    return [key for key in keys if one.get(key, "absent") != other.get(key, "absent")]


@pytest.mark.parametrize(
    "sheet", sorted(path.name for path in MODEL.glob("*.json") if path.name != OF_RELEASED_WEIGHTS)
)
@pytest.mark.parametrize("bundle", NAMES)
def test_a_sheet_differs_from_ba_deeplabs_where_it_may_and_nowhere_else(bundle: str, sheet: str) -> None:
    allowed = ALLOWED.get(sheet, ())
    model = common(json.loads((MODEL / sheet).read_text()), allowed, bundle="ba_deeplab")
    found = common(json.loads((BUNDLES / bundle / "configs" / sheet).read_text()), allowed, bundle=bundle)
    assert differences(found, model) == []


@pytest.mark.parametrize("bundle", NAMES)
def test_the_bundles_have_the_same_files(bundle: str) -> None:
    def files(root: Path) -> set[str]:
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}

    model = {
        name
        for name in files(MODEL.parent)
        if not name.startswith("models/") and Path(name).name != OF_RELEASED_WEIGHTS
    }
    found = files(BUNDLES / bundle)
    assert {name for name in found if not name.startswith("configs/networks/")} == model
    for name in ("LICENSE", "configs/logging.conf"):
        assert (BUNDLES / bundle / name).read_bytes() == (MODEL.parent / name).read_bytes()


@pytest.mark.parametrize("name", ["optimizer::weight_decay", "train::dataloader::drop_last", "validate::inferer::amp"])
def test_a_value_that_drifts_is_named(name: str) -> None:
    allowed = ALLOWED["train.json"]
    sheet = json.loads((BUNDLES / "deeplabv3/configs/train.json").read_text())
    *path, last = name.split("::")
    place = sheet
    for key in path:
        place = place[key]
    place[last] = "drifted"
    model = common(json.loads((MODEL / "train.json").read_text()), allowed, bundle="ba_deeplab")
    assert differences(common(sheet, allowed, bundle="deeplabv3"), model) == [name]


def test_an_overlay_of_a_network_holds_the_network_alone_under_its_name_in_the_catalogue() -> None:
    overlays = sorted((BUNDLES / "baselines/configs/networks").glob("*.json"))
    assert {path.stem for path in overlays} == set(NETWORKS) - {"ba_deeplab", "deeplabv3"}
    for path in overlays:
        sheet = json.loads(path.read_text())
        assert list(sheet) == ["network_def"]
        assert sheet["network_def"]["_target_"] == f"dermaseg_monai.networks.{NETWORKS[path.stem].network.__name__}"


def test_the_default_network_is_the_overlay_unet() -> None:
    overlay = json.loads((BUNDLES / "baselines/configs/networks/unet.json").read_text())
    for name in ("train.json", "inference.json"):
        assert json.loads((BUNDLES / "baselines/configs" / name).read_text())["network_def"] == overlay["network_def"]


@pytest.mark.parametrize("bundle", ["ba_deeplab", *NAMES])
def test_inference_builds_the_network_of_the_training(bundle: str) -> None:
    train, inference = (
        json.loads((BUNDLES / bundle / "configs" / name).read_text()) for name in ("train.json", "inference.json")
    )
    assert inference["network_def"] == train["network_def"]
    assert inference["encoder_weights"] is None


@pytest.mark.parametrize("bundle", ["ba_deeplab", *NAMES, "unet_ham10000"])
def test_a_prediction_of_photographs_ends_with_its_page(bundle: str) -> None:
    folder, page = json.loads((BUNDLES / bundle / "configs" / "inference.json").read_text())["handlers"][-2:]
    assert folder["_target_"] == "dermaseg_monai.engines.PredictionFolder"
    assert page == {"_target_": "dermaseg_monai.report.PredictionPage", "folder": folder["folder"]}


@pytest.mark.parametrize("sheet", ["unet3d/configs/inference.json", "ba_deeplab/configs/evaluate.json"])
def test_volumes_and_evaluations_have_no_page(sheet: str) -> None:
    assert "PredictionPage" not in (BUNDLES / sheet).read_text()
