"""A network of photographs goes through volumes slice by slice, by overlay, and its masks lie on the file's voxels."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser
from torch import nn

from dermaseg_monai.data import make_volumes
from dermaseg_monai.data.slice_set import make_slices
from dermaseg_monai.images import cut, read_image
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.networks import SliceNetwork
from tests.bundles.commands import Warm

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "unet3d" / "configs"
TRAIN, EVALUATE, SLICES, INFERENCE, SLICES_INFERENCE = (
    f"bundles/unet3d/configs/{name}.json" for name in ("train", "evaluate", "slices", "inference", "slices_inference")
)
BASELINES = "bundles/baselines/configs/train.json"
WIDTHS = {"network_def#widths": "[8,16]"}


def sheet(name: str) -> dict[str, Any]:
    return json.loads((CONFIGS / f"{name}.json").read_text())


def test_both_overlays_make_the_same_network_and_see_the_same_slices() -> None:
    evaluate, inference = sheet("slices"), sheet("slices_inference")
    for key in ("plane", "neighbours", "network_def", "trained_network"):
        assert evaluate[key] == inference[key], key
    assert evaluate["validate#inferer"] == inference["inferer"]
    (seen,) = evaluate["validate#preprocessing"]["parts"]
    assert [step for step in seen if step["keys"] != "label"] == [
        {**step, "keys": ["image", "label"]} if step["_target_"] == "EnsureChannelFirstd" else step
        for step in inference["preprocessing"]["transforms"]
    ]


def test_the_overlay_differs_from_the_bundle_in_orientation_and_grid_alone() -> None:
    (ours,) = sheet("slices")["validate#preprocessing"]["parts"]
    (own,) = sheet("evaluate")["validate#preprocessing"]["parts"]
    turned = [
        {**step, "axcodes": "LPI"} if step["_target_"] == "Orientationd" else step
        for step in own
        if step["_target_"] != "Spacingd"
    ]
    assert ours == turned


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_volumes(tmp_path_factory.mktemp("volumes") / "set", n=3, seed=0)


def test_what_the_network_sees_of_a_volume_is_what_it_was_trained_on(volumes: Path, tmp_path: Path) -> None:
    made = make_slices(volumes, volumes.parent, tmp_path / "slices", plane="coronal", neighbours=1)
    values = sheet("slices_inference")["preprocessing"]
    seen = ConfigParser({"preprocessing": values}).get_parsed_content("preprocessing")(
        {"image": str(volumes.parent / "images" / "volume_0000.nii.gz")}
    )
    slices = cut(torch.as_tensor(seen["image"][0]), "coronal")
    pictures = sorted((made.manifest.parent / "images").glob("volume_0000_*.png"))
    assert len(pictures) == len(slices)
    for at, path in enumerate(pictures):
        assert np.abs(read_image(path).pixels[..., 1] / 255 - slices[at].numpy()).max() <= 0.51 / 255


class Echo(nn.Module):
    """Says that a pixel is lesion with the probability of its own value."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return torch.logit(picture[:, 1:2], eps=1e-6)


@pytest.mark.parametrize("neighbours", [0, 1])
def test_an_oblique_anisotropic_volume_returns_to_its_own_voxels(tmp_path: Path, neighbours: int) -> None:
    a, b = np.deg2rad(20), np.deg2rad(-13)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    affine = np.eye(4)
    # the file counts x backwards, then z, then y; coronal slices, across y, are the 9 of its last axis
    affine[:3, :3] = about_z @ about_x @ np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]]) @ np.diag([0.1, 0.15, 0.6])
    affine[:3, 3] = (31.0, -12.5, 7.25)
    values = np.random.default_rng(0).random((40, 40, 9)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, affine), tmp_path / "file.nii.gz")
    parser = ConfigParser({"before": sheet("slices_inference")["preprocessing"]})
    parser["after"] = sheet("inference")["postprocessing"]
    sample = parser.get_parsed_content("before")({"image": str(tmp_path / "file.nii.gz")})
    network = SliceNetwork(Echo(), image_size=40, plane="coronal", neighbours=neighbours)  # 40 px: nothing is resampled
    sample["pred"] = network(torch.as_tensor(sample["image"])[None])[0]
    back = parser.get_parsed_content("after")(sample)["pred"]
    assert np.allclose(back.affine.numpy(), affine)
    low, high = np.percentile(values, [0.5, 99.5])
    assert np.allclose(back[0].numpy(), ((values - low) / (high - low)).clip(0, 1), atol=1e-4)


@pytest.fixture(scope="module")
def trained(warm: Warm, volumes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run of one epoch of a small U-Net on 2.5D pictures of the volumes."""
    out = tmp_path_factory.mktemp("trained")
    made = make_slices(volumes, volumes.parent, out / "slices", plane="coronal", neighbours=1)
    data = {
        "manifest": made.manifest,
        "dataset_dir": made.manifest.parent,
        "tracking_uri": f"sqlite:///{out}/mlflow.db",
    }
    small = {"max_epochs": 1, "image_size": 32, "learning_rate": 0.003, "device": "cpu", "average#decay": 0.5}
    done = warm.bundle("training", BASELINES, **data, **small, **WIDTHS, output_dir=out / "run")
    assert done.code == 0, done.err
    return out / "run"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_network_of_slices_is_evaluated_in_mm_and_masks_lie_on_the_voxels_of_the_files(
    warm: Warm, volumes: Path, trained: Path, tmp_path: Path
) -> None:
    data = {"manifest": volumes, "dataset_dir": volumes.parent, "tracking_uri": f"sqlite:///{tmp_path}/mlflow.db"}
    files = f"['{TRAIN}','{EVALUATE}','{SLICES}']"
    values = {**data, **WIDTHS, "neighbours": 1, "weights": trained / "model.safetensors", "device": "cpu"}
    done = warm.bundle("evaluating", files, **values, output_dir=tmp_path / "out")
    assert done.code == 0, done.err
    scores = json.loads((tmp_path / "out" / "summary.json").read_text())["scores"]
    assert {"dice", "hd95_mm", "assd_mm", "surface_dice", "volume_error_mm3"} <= set(scores)
    (case,) = Manifest.load(volumes).in_split("test")
    written, image = (
        nib.Nifti1Image.from_filename(path)
        for path in (tmp_path / "out" / "masks" / f"{case.id}.nii.gz", volumes.parent / case.image.path)
    )
    assert written.shape == image.shape
    assert np.array_equal(np.asarray(written.affine), np.asarray(image.affine))
    # the overlay for folders of volumes finds the same
    found = warm.bundle(
        "run",
        f"['{INFERENCE}','{SLICES_INFERENCE}']",
        **{**WIDTHS, "neighbours": 1, "weights": trained / "model.safetensors"},
        images=volumes.parent / case.image.path,
        output_dir=tmp_path / "found",
    )
    assert found.code == 0, found.err
    again = nib.Nifti1Image.from_filename(tmp_path / "found" / "masks" / f"{case.id}.nii.gz")
    assert np.array_equal(np.asarray(again.dataobj), np.asarray(written.dataobj))
    # what the network has seen as slices it has seen as volumes
    seen = warm.bundle("evaluating", files, **values, split="train", output_dir=tmp_path / "train")
    assert "1 of 1 train cases" in seen.error
    assert "same lesion as volume_" in seen.error
    # weights of another network are no weights for this one
    wrong = warm.bundle(
        "evaluating", files, **{**values, "network_def#widths": "[8,16,32]"}, output_dir=tmp_path / "no"
    )
    assert "was not made for this UNet" in wrong.error
