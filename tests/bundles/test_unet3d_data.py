"""What unet3d is given: a Decathlon task as it is, and volumes that cannot be used, which cost one line or one row."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data import make_volumes
from dermaseg_monai.files import sha256_of
from tests.bundles.bad_volumes import SPOILERS, Spoilt
from tests.bundles.commands import Done, Runs, Warm
from tests.manifest.decathlon_folder import make_task

TRAIN = "bundles/unet3d/configs/train.json"
EVALUATE = "bundles/unet3d/configs/evaluate.json"
INFERENCE = "bundles/unet3d/configs/inference.json"
SMALL = {"max_epochs": 1, "val_interval": 1, "patches": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_task(tmp_path_factory.mktemp("released"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_volumes(tmp_path_factory.mktemp("volumes") / "set", n=3, seed=0).parent


@pytest.fixture(scope="module")
def trained(warm: Warm, task: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run on the task's own dataset.json."""
    out = tmp_path_factory.mktemp("trained")
    places = {"output_dir": out / "run", "tracking_uri": f"sqlite:///{out}/mlflow.db"}
    done = warm.bundle("training", TRAIN, manifest=task / "dataset.json", dataset_dir=task, **places, **SMALL)
    assert done.code == 0, done.err
    return out / "run"


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


def evaluating(warm: Warm, trained: Path, data: dict[str, Any], out: Path) -> Done:
    places = {"weights": trained / "model.safetensors", "output_dir": out, "tracking_uri": f"sqlite:///{out}.db"}
    return warm.bundle("evaluating", f"['{TRAIN}','{EVALUATE}']", **data, **places, device="cpu")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_task_is_trained_on_evaluated_and_predicted_as_it_is(
    warm: Warm, task: Path, trained: Path, tmp_path: Path, runs_of: Runs
) -> None:
    (run,) = runs_of(f"sqlite:///{trained.parent}/mlflow.db")
    assert run.info.status == "FINISHED"
    assert "val is 0.2 of the training list" in run.data.tags["dermaseg.division"]
    data = {"manifest": task / "dataset.json", "dataset_dir": task}
    assert (
        "1 of 1 test cases of manifest Skin have no reference mask" in evaluating(warm, trained, data, tmp_path).error
    )
    done = evaluating(warm, trained, {**data, "split": "val"}, tmp_path / "val")
    assert done.code == 0, done.err
    assert len(rows_of(tmp_path / "val" / "cases.csv")) == 1
    where = {"images": task / "dataset.json", "dataset_dir": task, "weights": trained / "model.safetensors"}
    done = warm.bundle("run", INFERENCE, **where, split="test", output_dir=tmp_path / "test", device="cpu")
    assert done.code == 0, done.err
    assert {name: row["status"] for name, row in rows_of(tmp_path / "test" / "cases.csv").items()} == {"skin_005": "ok"}


@pytest.mark.slow
def test_a_task_of_several_structures_lists_them(warm: Warm, task: Path, tmp_path: Path) -> None:
    several = Path(shutil.copytree(task, tmp_path / "task"))
    about = json.loads((several / "dataset.json").read_text())
    about["labels"] = {"0": "background", "1": "pancreas", "2": "cancer"}
    (several / "dataset.json").write_text(json.dumps(about))
    done = warm.bundle(
        "training", TRAIN, manifest=several / "dataset.json", dataset_dir=several, output_dir=tmp_path / "run"
    )
    assert "has 2 labels: 1 pancreas, 2 cancer. Say which are the lesion" in done.error
    assert not (tmp_path / "run").exists()


@pytest.fixture
def data(drawn: Path, tmp_path: Path) -> Path:
    """A copy of the drawn set that a test may spoil."""
    return Path(shutil.copytree(drawn, tmp_path / "set"))


def spoil(folder: Path, split: str, spoiler: Callable[[Spoilt], str]) -> str:
    """Spoil the first case of a split, let the manifest say what its files are now, and return what is expected."""
    manifest = json.loads((folder / "manifest.json").read_text())
    case = next(case for case in manifest["cases"] if case["split"] == split)
    case["annotations"] = case["annotations"][:1]
    files = [case["image"], case["annotations"][0]["mask"]]
    expected = spoiler(Spoilt(*(folder / file["path"] for file in files)))
    for file in files:
        file.pop("shape_vox")
        file["sha256"] = sha256_of(folder / file["path"])
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return expected


def mask_of_another_case(folder: Path, split: str) -> str:
    """Let the manifest give the first case of a split a mask on its grid that has another case's name."""
    manifest = json.loads((folder / "manifest.json").read_text())
    case = next(case for case in manifest["cases"] if case["split"] == split)
    other = next(one for one in manifest["cases"] if one is not case)
    mask = case["annotations"][0]["mask"]
    (folder / "swapped").mkdir()
    shutil.copy(folder / mask["path"], folder / "swapped" / f"{other['id']}.nii.gz")
    mask["path"] = f"swapped/{other['id']}.nii.gz"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return f"is named after case {other['id']} and is the mask of {case['id']}"


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_verify_says_what_is_wrong_with_a_volume(
    data: Path, monkeypatch: pytest.MonkeyPatch, spoiler: Callable[[Spoilt], str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(data.parent / "cache"))
    expected = spoil(data, "train", spoiler)
    done = CliRunner().invoke(app, ["data", "verify", str(data / "manifest.json")])
    assert done.exit_code == 1, done.output
    (line,) = [line for line in done.output.splitlines() if re.match(r"error +\w+ +volume_", line)]
    assert re.search(expected, line), line
    assert "1 of 3 cases cannot be used" in done.output


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("spoiler", SPOILERS)
def test_a_spoilt_volume_ends_training_and_evaluation_before_they_begin(
    warm: Warm, data: Path, trained: Path, tmp_path: Path, spoiler: Callable[[Spoilt], str]
) -> None:
    places = {"output_dir": tmp_path / "run", "tracking_uri": f"sqlite:///{tmp_path}/mlflow.db"}
    expected = spoil(data, "train", spoiler), spoil(data, "test", spoiler)
    where = {"manifest": data / "manifest.json", "dataset_dir": data}
    errors = (
        warm.bundle("training", TRAIN, **where, **places, **SMALL).error,
        # the drawn volumes of this set are among those of the task it was trained on
        evaluating(warm, trained, {**where, "allow_leaks": True}, tmp_path / "out").error,
    )
    for words, error in zip(expected, errors, strict=True):
        assert re.search(words, error), error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_mask_with_the_name_of_another_case_ends_a_training(warm: Warm, data: Path, tmp_path: Path) -> None:
    expected = mask_of_another_case(data, "train")
    places = {"output_dir": tmp_path / "run", "tracking_uri": f"sqlite:///{tmp_path}/mlflow.db"}
    done = warm.bundle("training", TRAIN, manifest=data / "manifest.json", dataset_dir=data, **places, **SMALL)
    assert expected in done.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_batch_goes_on_past_volumes_that_cannot_be_used(
    warm: Warm, drawn: Path, trained: Path, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    whole = drawn / "images" / "volume_0000.nii.gz"
    spoilers = [one for one in SPOILERS if not one.__name__.startswith("label")]
    expected: dict[str, str] = {}
    for spoiler in spoilers:
        copy = Path(shutil.copy(whole, images / f"{spoiler.__name__}.nii.gz"))
        expected[spoiler.__name__] = spoiler(Spoilt(copy, copy))
    shutil.copy(whole, images / "whole.nii.gz")
    affine = nib.Nifti1Image.from_filename(whole).affine
    nib.save(nib.Nifti1Image(np.full((9, 7, 5), 3, dtype=np.int16), affine), images / "constant.nii.gz")
    nib.save(nib.Nifti1Image(np.ones((1, 1, 1), dtype=np.int16), affine), images / "one_voxel.nii.gz")
    done = warm.bundle(
        "run", INFERENCE, images=images, weights=trained / "model.safetensors", output_dir=tmp_path / "o"
    )
    assert done.code == 0, done.err
    rows = rows_of(tmp_path / "o" / "cases.csv")
    usable = {"whole", "constant", "one_voxel"}
    assert {name for name, row in rows.items() if row["status"] == "ok"} == usable
    assert set(rows) == {*expected, *usable}
    for name, words in expected.items():
        assert rows[name]["status"] == "failed"
        assert re.search(words, rows[name]["reason"]), rows[name]["reason"]
    assert {path.name for path in (tmp_path / "o" / "masks").iterdir()} == {f"{name}.nii.gz" for name in usable}
