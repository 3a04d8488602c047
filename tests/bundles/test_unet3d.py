"""Volumes in, volumes out: the bundle trains, scores in mm, and its masks lie on the voxels of the files."""

import csv
import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from dermaseg_monai.data import make_volumes
from dermaseg_monai.manifest import Manifest
from tests.bundles.commands import Done, Warm

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "unet3d" / "configs"
TRAIN = "bundles/unet3d/configs/train.json"
EVALUATE = "bundles/unet3d/configs/evaluate.json"
INFERENCE = "bundles/unet3d/configs/inference.json"
OVERLAYS = sorted((CONFIGS / "networks").glob("*.json"))


def sheet(name: str) -> dict[str, Any]:
    return json.loads((CONFIGS / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_volumes(tmp_path_factory.mktemp("volumes") / "set", n=6, seed=0)


def run_training(warm: Warm, manifest: Path, out: Path, *sheets: Path) -> Done:
    data = {"manifest": manifest, "dataset_dir": manifest.parent, "tracking_uri": f"sqlite:///{out}/mlflow.db"}
    small = {"max_epochs": 2, "val_interval": 2, "patches": 2, "learning_rate": 0.01, "device": "cpu"}
    files = json.dumps([TRAIN, *map(str, sheets)])
    return warm.bundle("training", files, **data, **small, output_dir=out / "run")


@pytest.fixture(scope="module")
def trained(warm: Warm, manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    done = run_training(warm, manifest, out)
    assert done.code == 0, done.err
    return out / "run"


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


def test_inference_builds_the_network_of_the_training_and_sees_what_evaluation_sees() -> None:
    train, evaluate, inference = (sheet(name) for name in ("train", "evaluate", "inference"))
    assert inference["network_def"] == train["network_def"]
    assert inference["inferer"] == evaluate["validate#inferer"]
    of_image = [
        {**step, "keys": "image"} | ({"mode": "bilinear"} if "mode" in step else {})
        for step in train["train"]["deterministic_transforms"]
        if step["keys"] != "label" and step["_target_"] != "SpatialPadd"
    ]
    assert inference["preprocessing"]["transforms"] == of_image
    (seen,) = evaluate["validate#preprocessing"]["parts"]
    assert [step["_target_"] for step in seen if step["keys"] != "label"] == [step["_target_"] for step in of_image]


@pytest.mark.parametrize("overlay", [None, *OVERLAYS], ids=lambda path: path.stem if path else "unet")
def test_every_network_gives_one_logit_per_voxel(overlay: Path | None) -> None:
    found = json.loads(overlay.read_text()) if overlay else {"network_def": sheet("train")["network_def"]}
    assert list(found) == ["network_def"]
    network = ConfigParser(found).get_parsed_content("network_def")
    image = torch.rand(2, 1, 32, 16, 24)
    for mode in (True, False):
        assert network.train(mode)(image).shape == image.shape


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_evaluation_scores_in_mm_and_writes_masks_on_the_voxels_of_the_files(
    warm: Warm, manifest: Path, trained: Path, tmp_path: Path
) -> None:
    data = {"manifest": manifest, "dataset_dir": manifest.parent, "tracking_uri": f"sqlite:///{tmp_path}/mlflow.db"}
    files = f"['{TRAIN}','{EVALUATE}']"
    weights = trained / "model.safetensors"
    done = warm.bundle("evaluating", files, **data, weights=weights, output_dir=tmp_path / "out", device="cpu")
    assert done.code == 0, done.err
    scores = json.loads((tmp_path / "out" / "summary.json").read_text())["scores"]
    assert {"dice", "hd95_mm", "assd_mm", "surface_dice", "volume_error_mm3"} <= set(scores)
    people = json.loads((tmp_path / "out" / "ceiling.json").read_text())["ceiling"]["scores"]
    assert {"dice", "hd95_mm", "assd_mm", "surface_dice", "volume_difference_mm3"} <= set(people)
    assert "Model against people: Dice" in (tmp_path / "out" / "summary.md").read_text()
    assert (tmp_path / "out" / "contact_sheet.png").is_file()
    rows = rows_of(tmp_path / "out" / "cases.csv")
    cases = Manifest.load(manifest).in_split("test")
    assert set(rows) == {case.id for case in cases}
    for case in cases:
        assert case.reference is not None
        written, image, label = (
            nib.Nifti1Image.from_filename(path)
            for path in (
                tmp_path / "out" / "masks" / f"{case.id}.nii.gz",
                manifest.parent / case.image.path,
                manifest.parent / case.reference.mask.path,
            )
        )
        assert np.array_equal(np.asarray(written.affine), np.asarray(image.affine))
        for name in ("qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "xyzt_units"):
            assert written.header[name] == image.header[name], name
        assert written.header.get_zooms() == image.header.get_zooms()
        assert (written.get_data_dtype(), written.shape) == (np.dtype(np.uint8), image.shape)
        pred, truth = (np.asarray(one.dataobj) > 0 for one in (written, label))
        dice = 2 * (pred & truth).sum() / (pred.sum() + truth.sum())
        assert float(rows[case.id]["dice"]) == pytest.approx(dice, abs=1e-6)
        error_mm3 = (int(pred.sum()) - int(truth.sum())) * abs(np.linalg.det(np.asarray(image.affine)[:3, :3]))
        assert float(rows[case.id]["volume_error_mm3"]) == pytest.approx(error_mm3, rel=1e-4)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.stem)
def test_an_overlay_trains(warm: Warm, manifest: Path, tmp_path: Path, overlay: Path) -> None:
    done = run_training(warm, manifest, tmp_path, overlay)
    assert done.code == 0, done.err
    assert (tmp_path / "run" / "model.safetensors").is_file()


@pytest.mark.slow
def test_a_spacing_that_is_none_is_refused_in_one_line(warm: Warm, manifest: Path, tmp_path: Path) -> None:
    data = {"manifest": manifest, "dataset_dir": manifest.parent, "output_dir": tmp_path / "out"}
    done = warm.bundle("training", TRAIN, **data, spacing_mm="[0.2,0,0.2]")
    assert "three numbers above 0, in mm" in done.error
