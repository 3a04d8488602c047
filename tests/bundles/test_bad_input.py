"""Whatever a user can do wrong gives one line on stderr, exit code 1, and leaves nothing behind."""

import json
import re
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dermaseg_monai.files import sha256_of
from tests.bundles.commands import EVALUATE, INFERENCE, SMALL, TRAIN, Runs, Warm

Left = Callable[[], tuple[object, ...]]


@pytest.fixture
def left(trained: Path, runs_of: Runs) -> Callable[[], tuple[object, ...]]:
    """What a run leaves in the checkout: run folders and MLflow runs."""

    checkout = trained.parents[2]

    def look() -> tuple[object, ...]:
        folders = sorted(path.name for path in (checkout / "runs").rglob("*"))
        runs = [(run.info.run_id, run.info.status) for run in runs_of(f"sqlite:///{checkout}/mlflow.db")]
        return folders, runs

    return look


class Data:
    """A copy of the tiny set that a test may spoil."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.manifest = folder, folder / "manifest.json"

    def first(self, split: str = "train") -> dict[str, Any]:
        """Return a case of the split as its JSON."""
        return next(case for case in self.read()["cases"] if case["split"] == split)

    def image(self) -> str:
        """Return the path of the first image to train on."""
        return str(self.first()["image"]["path"])

    def mask(self) -> str:
        """Return the path of its reference mask."""
        return next(str(one["mask"]["path"]) for one in self.first()["annotations"] if one["role"] == "reference")

    def read(self) -> dict[str, Any]:
        return json.loads(self.manifest.read_text())

    def write(self, manifest: dict[str, Any]) -> None:
        self.manifest.write_text(json.dumps(manifest))

    def record(self, path: str, **about: object) -> None:
        """Let the manifest say of a file what it is now."""
        manifest = self.read()
        for case in manifest["cases"]:
            for file in (case["image"], *(annotation["mask"] for annotation in case["annotations"])):
                if file["path"] == path:
                    file["sha256"] = sha256_of(self.folder / path)
                    file.update(about)
        self.write(manifest)


@pytest.fixture
def data(tiny: Path, tmp_path: Path) -> Data:
    return Data(Path(shutil.copytree(tiny.parent, tmp_path / "data")))


def jpeg_or_png(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(path)


def huge_png(path: Path) -> None:
    """Write a PNG whose header says 20000 x 20000 px."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b""))


def missing_image(data: Data) -> str:
    (data.folder / data.image()).unlink()
    return r"1 of \d+ files in train .* does not exist"


def cut_image(data: Data) -> str:
    file = data.folder / data.image()
    file.write_bytes(file.read_bytes()[:2000])
    data.record(data.image())
    return r"1 of \d+ files in train .*Cannot read .*cut short, damaged"


def mask_of_another_size(data: Data) -> str:
    jpeg_or_png(data.folder / data.mask(), np.full((40, 50), 255, dtype=np.uint8))
    data.record(data.mask(), size_px=[40, 50])
    return r"has size \(40, 50\), its image \("


def grey_mask(data: Data) -> str:
    height, width = data.first()["image"]["size_px"]
    ramp = np.linspace(0, 255, height * width, dtype=np.uint8).reshape(height, width)
    jpeg_or_png(data.folder / data.mask(), ramp)
    data.record(data.mask())
    return r"is not a binary mask: found values from 0 to 255"


def empty_manifest(data: Data) -> str:
    data.write({**data.read(), "cases": []})
    return r"manifest\.json.*no case|cases.*(empty|too short|non-empty)"


def empty_split(data: Data) -> str:
    manifest = data.read()
    for case in manifest["cases"]:
        case["split"] = "test" if case["split"] == "val" else case["split"]
    data.write(manifest)
    return r"no case in split 'val' \(it has train \d+, test \d+\)"


def twice_the_same_id(data: Data) -> str:
    manifest = data.read()
    manifest["cases"][1]["id"] = manifest["cases"][0]["id"]
    data.write(manifest)
    return r"1 ids are used twice, first 'demo_"


def changed_file(data: Data) -> str:
    with (data.folder / data.mask()).open("ab") as stream:
        stream.write(b"x")
    return r"has sha256 .*, expected .*dermaseg data verify"


def bomb(data: Data) -> str:
    huge_png(data.folder / "bomb.png")
    manifest = data.read()
    case = next(case for case in manifest["cases"] if case["split"] == "train")
    case["image"] = {"path": "bomb.png", "sha256": sha256_of(data.folder / "bomb.png")}
    data.write(manifest)
    return r"bomb\.png is too large .*; at most 100,000,000 px"


def no_json(data: Data) -> str:
    data.manifest.write_text('{"schema": 1, ')
    return r"manifest\.json"


@pytest.mark.parametrize(
    "spoil",
    [
        missing_image, cut_image, mask_of_another_size, grey_mask, empty_manifest, empty_split, twice_the_same_id,
        changed_file, bomb, no_json,
    ],
)  # fmt: skip
def test_spoilt_data_end_a_training_before_it_begins(
    warm: Warm, data: Data, left: Left, spoil: Callable[[Data], str]
) -> None:
    before, expected = left(), spoil(data)
    done = warm.bundle("training", TRAIN, manifest=data.manifest, dataset_dir=data.folder)
    assert re.search(expected, done.error), done.error
    assert left() == before


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"epoch": 9}, r"Unknown key --epoch \(value 9\).*Did you mean --max_epochs\?"),
        (
            {"train#dataset#cash_rate": 9},
            r"Unknown key --train#dataset#cash_rate.*Did you mean --train::dataset::cache_rate",
        ),
        ({"max_epochs": "many"}, r"--max_epochs is 'many' \(str\); expected a whole number of at least 1"),
        ({"amp": "yes"}, r"--amp is 'yes'.*one of off, bf16, fp16"),
        ({"dataset_dir": "/nowhere"}, r"dataset_dir /nowhere does not exist"),
        ({"manifest": "/nowhere.json"}, r"/nowhere\.json"),
        ({"encoder": "resnet99"}, r"resnet99.*resnet50"),
        ({"image_size": 16}, r"--image_size is 16 .*from 32 to 16384"),
        ({"image_size": 33_000_000}, r"--image_size is 33000000 .*from 32 to 16384"),
        ({"loss#overlap": "dise"}, r"overlap 'dise' is unknown.*ce_dice"),
        ({"encoder_weights": "/nowhere.pth"}, r"/nowhere\.pth"),
        ({"resume": "/nowhere/last.ckpt"}, r"There is no /nowhere/last\.ckpt to resume from"),
        ({"tracking_uri": "mlruns"}, r"--tracking_uri is 'mlruns'.*sqlite:"),
        ({"optimizer#weight_decay": "much"}, r"--optimizer#weight_decay is 'much'.*expected a number"),
        ({"network_def#rates": 6}, r"--network_def#rates is 6 \(int\); expected a list, each of it a whole number"),
        ({"loss#overlap": 3}, r"--loss#overlap is 3 \(int\); expected a text"),
        ({"loss#band_px": 2.5}, r"--loss#band_px is 2\.5 \(float\); expected a whole number"),
        ({"output_dir": "/proc/nowhere"}, r"Cannot write /proc/nowhere"),
        ({"batch_size": 500}, r"The training data give no batch"),
    ],
)
def test_a_value_that_does_not_fit_ends_a_training_before_it_begins(
    warm: Warm, left: Left, values: dict[str, object], expected: str
) -> None:
    before = left()
    done = warm.bundle("training", TRAIN, **values)
    assert re.search(expected, done.error), done.error
    assert left() == before


@pytest.mark.parametrize("name", ["unet_ham10000", "unet3d"])
def test_an_unknown_key_is_refused_by_every_bundle_with_the_nearest_name(warm: Warm, left: Left, name: str) -> None:
    before = left()
    done = warm.bundle("training", f"bundles/{name}/configs/train.json", epoch=9)
    assert re.search(r"Unknown key --epoch \(value 9\).*Did you mean --max_epochs\?", done.error), done.error
    assert left() == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_cuda_that_is_not_there_is_said(warm: Warm, left: Left) -> None:
    before = left()
    assert re.search(r"Device cuda was asked for .* sees no CUDA\. Give --device cpu", train_error(warm, device="cuda"))
    assert left() == before


def train_error(warm: Warm, **values: object) -> str:
    return warm.bundle("training", TRAIN, **values).error


@pytest.mark.parametrize("sheet", [f"['{TRAIN}','{EVALUATE}']", INFERENCE], ids=["evaluate", "inference"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"encoder": "resnet18", "weights": "TRAINED"},
            r"model\.safetensors was not made for this BADeepLabV3.*--encoder",
        ),
        ({"weights": "/nowhere/model.safetensors"}, r"no weights file /nowhere/model\.safetensors"),
        ({"weights": "TORCH"}, r"model\.pt does not say how it was trained.*Give .*model\.safetensors"),
        ({"split": "holiday"}, r"--split is 'holiday'"),
    ],
    ids=["other encoder", "missing weights", "weights without metadata", "no split"],
)
def test_weights_that_do_not_fit_end_evaluation_and_inference(  # noqa: PLR0917 (fixtures)
    warm: Warm, trained: Path, left: Left, sheet: str, values: dict[str, object], expected: str
) -> None:
    before = left()
    files = {"TRAINED": trained / "model.safetensors", "TORCH": trained / "model.pt"}
    values = {key: files.get(str(value), value) for key, value in values.items()}
    done = warm.bundle("run", sheet, **values)
    assert re.search(expected, done.error), done.error
    assert left() == before


@pytest.mark.parametrize("spoil", ["empty", "bomb", "absent"])
def test_inference_without_one_image_that_can_be_used_says_why(
    warm: Warm, trained: Path, tmp_path: Path, left: Left, spoil: str
) -> None:
    images = tmp_path / "images"
    if spoil != "absent":
        images.mkdir()
    if spoil == "bomb":
        huge_png(images / "bomb.png")
    before = left()
    done = warm.bundle("run", INFERENCE, images=images, weights=trained / "model.safetensors")
    expected = {"empty": "holds no image", "bomb": "bomb.png is too large", "absent": "There is no folder or manifest"}
    assert expected[spoil] in done.error
    assert left() == before


def test_weights_of_another_encoder_to_start_from_are_refused(warm: Warm, trained: Path, left: Left) -> None:
    before = left()
    done = warm.bundle("training", TRAIN, encoder_weights=trained / "model.safetensors")
    assert re.search(r"does not fit the encoder mobilenet_v2.*Set encoder", done.error), done.error
    assert left() == before


def test_a_misspelt_thing_to_run_is_refused(warm: Warm, left: Left) -> None:
    before = left()
    assert "nothing called trainnig to run. Did you mean training?" in warm.bundle("trainnig", TRAIN).error
    assert left() == before


def test_a_finished_training_has_nothing_left_to_resume(warm: Warm, trained: Path, left: Left) -> None:
    before = left()
    done = warm.bundle("training", TRAIN, resume=trained, **{**SMALL, "max_epochs": 2})
    assert re.search(r"has trained 2 epochs and max_epochs is 2.*larger --max_epochs", done.error), done.error
    assert left() == before


def test_a_missing_sheet_is_named(warm: Warm, left: Left) -> None:
    before = left()
    done = warm.bundle("training", "bundles/nowhere.json")
    assert done.code == 1
    assert "nowhere.json" in done.err.splitlines()[-1]
    assert left() == before


def test_a_missing_overlay_is_named(warm: Warm, left: Left) -> None:
    before = left()
    done = warm.bundle("training", f"['{TRAIN}','bundles/nowhere.json']")
    assert done.code == 1
    assert "nowhere.json" in done.err.splitlines()[-1]
    assert left() == before


def test_no_space_left_stops_the_run_as_failed_with_nothing_half_written(
    warm: Warm, tmp_path: Path, store: str, runs_of: Runs
) -> None:
    # files may grow to 20 MB: the store and the pictures fit, the 49 MB to resume from do not
    out = tmp_path / "out"
    values = {"output_dir": out, "tracking_uri": store, "max_epochs": 1, "batch_size": 4, "image_size": 32}
    done = warm.bundle("training", TRAIN, **values, file_limit=20_000_000)
    assert re.search(r"Cannot write .*last\.ckpt: File too large", done.error), done.error
    assert [path for path in out.rglob("*") if path.name.startswith(".writing-") or path.name == "last.ckpt"] == []
    (run,) = runs_of(store)
    assert run.info.status == "FAILED"


@pytest.mark.parametrize("name", ["ba_deeplab", "unet3d"])
def test_an_evaluation_says_that_it_takes_no_batch_size(warm: Warm, left: Left, name: str) -> None:
    before, configs = left(), f"bundles/{name}/configs"
    done = warm.bundle("evaluating", f"['{configs}/train.json','{configs}/evaluate.json']", batch_size=4)
    assert re.search(r"--batch_size is 4 and can only be 1 here: .*Leave --batch_size out\.", done.error), done.error
    assert left() == before
