"""The bundle holds the published recipe, and its runs give the figures that the paper reports."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.bundle import ConfigParser
from PIL import Image

from dermaseg_monai.networks import UNet
from tests.bundles.commands import Runs, Warm
from tests.bundles.networks import Network

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "unet_ham10000" / "configs"


def sheet(name: str) -> dict[str, Any]:
    return json.loads((CONFIGS / f"{name}.json").read_text())


def test_the_sheet_says_what_the_paper_says() -> None:
    train = sheet("train")
    asked = {"image_size": 224, "batch_size": 32, "max_epochs": 20, "learning_rate": 0.001}
    assert {key: train[key] for key in asked} == asked
    assert (train["loss"]["overlap"], train["optimizer"]["name"]) == ("ce", "adam")
    assert (train["optimizer"]["weight_decay"], train["average"]["decay"]) == (0.0, 0.0)
    assert (train["lr_scheduler"]["name"], train["lr_scheduler"]["warmup_epochs"]) == ("constant", 0)
    assert (train["network_def"]["mean"], train["network_def"]["std"]) == ([0.0] * 3, [1.0] * 3)
    assert train["network_def"]["widths"] == [64, 128, 256, 512, 1024]
    across, down, _, turn = train["train"]["random_transforms"]
    assert (across["prob"], down["prob"], turn["prob"]) == (0.5, 0.1, 1.0)


def test_the_likelier_flip_is_the_horizontal_one_and_the_mask_goes_with_it() -> None:
    across, down, *_ = sheet("train")["train"]["random_transforms"]
    picture = torch.tensor([[[1, 2], [3, 4]]])
    for flip, expected in ((across, [[2, 1], [4, 3]]), (down, [[3, 4], [1, 2]])):
        found: Any = ConfigParser({"flip": {**flip, "prob": 1.0}}).get_parsed_content("flip")
        flipped = found({"image": picture, "label": picture})
        assert flipped["image"][0].tolist() == flipped["label"][0].tolist() == expected


def test_inference_builds_the_network_of_the_training_and_the_cpu_one_is_a_quarter() -> None:
    assert sheet("inference")["network_def"] == sheet("train")["network_def"]
    assert sheet("cpu")["network_def"] == sheet("quarter")["network_def"]
    whole = sheet("train")["network_def"]
    assert sheet("quarter")["network_def"] == {**whole, "widths": [width // 4 for width in whole["widths"]]}
    with torch.device("meta"):
        assert 1.9e6 < sum(one.numel() for one in UNet(sheet("cpu")["network_def"]["widths"]).parameters()) < 2.0e6


def test_the_overlays_of_both_splits_differ_in_the_manifest_alone_and_neither_allows_leaks() -> None:
    random, grouped = sheet("ham10000"), sheet("grouped")
    assert random.pop("manifest")["path"] == "data/ham10000/random.json"
    assert grouped.pop("manifest")["path"] == "data/ham10000/grouped.json"
    assert random == grouped
    assert "allow_leaks" not in random
    assert sheet("train")["allow_leaks"] is False


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_training_logs_what_the_paper_plots_and_an_evaluation_the_confusion_of_all_pixels(
    warm: Warm, store: str, runs_of: Runs, tmp_path: Path
) -> None:
    network, out = Network("unet_ham10000"), tmp_path / "out"
    values = {"max_epochs": 2, "batch_size": 6, "image_size": 64, "output_dir": out, "tracking_uri": store}
    done = warm.bundle("training", network.sheets("train", tmp_path), **values)
    assert done.code == 0, done.err
    (run,) = runs_of(store)
    logged = run.data.metrics
    for side in ("train", "val"):
        assert 0 < logged[f"{side}_loss"] < 2
        assert 0 <= logged[f"{side}_dice"] <= 1
        assert 0 < logged[f"{side}_accuracy"] < 1
    done = warm.bundle(
        "evaluating",
        network.sheets("train", tmp_path, "evaluate"),
        weights=out / "model.safetensors",
        tracking_uri=store,
    )
    assert done.code == 0, done.err
    folder = out / "evaluate_test"
    pooled = json.loads((folder / "confusion.json").read_text())
    cells = pooled["counts_px"]
    assert pooled["f1"] == pytest.approx(2 * cells["tp"] / (2 * cells["tp"] + cells["fp"] + cells["fn"]))
    pixels = 0
    for mask in (folder / "masks").iterdir():
        with Image.open(mask) as image:
            pixels += image.width * image.height
    assert sum(cells.values()) == pixels
    assert f"| f1 | {pooled['f1']:.4f} |" in (folder / "summary.md").read_text()
    with Image.open(folder / "confusion.png") as image:
        assert image.width > 300
    scored = next(one for one in runs_of(store) if "test_pixel_f1" in one.data.metrics)
    assert scored.data.metrics["test_pixel_f1"] == pytest.approx(pooled["f1"])
    assert scored.data.metrics["test_pixel_recall"] == pytest.approx(pooled["recall"])
