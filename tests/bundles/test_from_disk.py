"""Inference by window from disk gives what inference in memory gives, and a bad volume costs one row."""

import csv
import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser, ConfigWorkflow
from scipy import ndimage

from dermaseg_monai.bundle.hook import find_cause
from dermaseg_monai.data import block_resampling
from dermaseg_monai.data.block_resampling import voxels
from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.images.slab_store import SlabStore
from dermaseg_monai.images.volume_file import Box, VolumeFile

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "unet3d" / "configs"
MEMORY, DISK = ["inference.json"], ["inference.json", "from_disk.json"]

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:parsing config_file:UserWarning",
        "ignore:Divide by zero:UserWarning",
        "ignore:.*:DeprecationWarning:monai.*",
        "ignore:.*:FutureWarning:monai.*",
    )
]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights that say lesion in some places: those of the start, twice as large."""
    torch.manual_seed(0)
    network = ConfigParser(json.loads((CONFIGS / "train.json").read_text())).get_parsed_content("network_def")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2)
    write_weights(tmp_path / "model.safetensors", network, {"image_size": "32", "spacing_mm": "[0.2, 0.2, 0.2]"})
    return tmp_path / "model.safetensors"


def predict(sheets: list[str], images: Path, out: Path, weights: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workflow = ConfigWorkflow(
            config_file=[str(CONFIGS / sheet) for sheet in sheets],
            meta_file=str(CONFIGS / "metadata.json"),
            workflow_type="infer",
            logging_file=False,
            images=str(images),
            output_dir=str(out),
            weights=str(weights),
            device="cpu",
        )
        workflow.initialize()
        workflow.run()


def turned(*, spacing_mm: tuple[float, float, float], order: tuple[int, int, int], angle: float) -> np.ndarray:
    """An affine with its axes in this order, the first one backwards, turned about z and then about x."""
    about_z = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ np.roll(about_z, 1, (0, 1)) @ np.diag([-1, 1, 1])[:, order] @ np.diag(spacing_mm)
    affine[:3, 3] = (31.0, -12.5, 7.25)
    return affine


def speckle(shape: tuple[int, int, int], affine: np.ndarray, path: Path, dtype: type[np.generic]) -> Path:
    values = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=shape), 2) * 1000 + 300
    nib.save(nib.Nifti1Image(values.clip(0, 1000).astype(dtype), affine), path)
    return path


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


def test_the_overlay_repeats_what_the_sheet_says_and_nothing_else_differs() -> None:
    sheet, overlay = (json.loads((CONFIGS / name).read_text()) for name in DISK)
    windows, slabs = sheet["inferer"]["inferer"], overlay["prediction"]["windows"]
    assert windows["roi_size"] == [slabs["image_size"]] * 3
    assert [slabs[key] for key in ("overlap", "sw_batch_size")] == [
        windows[key] for key in ("overlap", "sw_batch_size")
    ]
    assert {**sheet["inferer"], "inferer": None} == {**slabs["inferer"], "inferer": None}
    orientation, spacing, scaling = sheet["preprocessing"]["transforms"][-3:]
    assert (orientation["axcodes"], spacing["pixdim"], spacing["mode"]) == ("RAS", "@spacing_mm", "bilinear")
    assert overlay["prediction"]["spacing_mm"] == "@spacing_mm"
    assert overlay["prediction"]["percentiles"] == [scaling["lower"], scaling["upper"]]
    assert [scaling[key] for key in ("b_min", "b_max", "clip")] == [0.0, 1.0, True]
    assert set(overlay) == {"dataset#data", "prediction", "run"}


@pytest.mark.parametrize(
    ("shape", "affine", "suffix", "dtype"),
    [
        ((60, 40, 52), turned(spacing_mm=(0.15, 0.3, 0.1), order=(0, 2, 1), angle=0.35), ".nii.gz", np.int16),
        ((40, 52, 60), turned(spacing_mm=(0.3, 0.1, 0.15), order=(2, 0, 1), angle=-0.2), ".nii", np.uint8),
        ((30, 11, 90), turned(spacing_mm=(0.2, 0.2, 0.05), order=(1, 0, 2), angle=1.2), ".nii.gz", np.float32),
        ((9, 70, 12), np.diag([0.2, -0.2, 0.2, 1.0]), ".nii", np.float64),
    ],
)
def test_probabilities_masks_headers_and_rows_equal_those_of_inference_in_memory(  # noqa: PLR0917 (fixtures)
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    weights: Path,
    shape: tuple[int, int, int],
    affine: np.ndarray,
    suffix: str,
    dtype: type[np.generic],
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    speckle(shape, affine, images / f"scan{suffix}", dtype)
    monkeypatch.setattr(block_resampling, "BLOCK_VOXELS", 5 * shape[0] * shape[1])  # many slabs
    found = {}
    for name, sheets in (("memory", MEMORY), ("disk", DISK)):
        predict(sheets, images, tmp_path / name, weights)
        found[name] = [
            nib.Nifti1Image.from_filename(tmp_path / name / part / "scan.nii.gz") for part in ("probabilities", "masks")
        ]
    (probability, mask), (expected, lesion) = found["disk"], found["memory"]
    for one, other in ((probability, expected), (mask, lesion)):
        assert one.header.binaryblock == other.header.binaryblock
        assert np.array_equal(np.asarray(one.affine), np.asarray(other.affine))
    assert mask.get_data_dtype() == np.uint8
    values, model = np.asarray(probability.dataobj), np.asarray(expected.dataobj)
    assert np.ptp(model) > 0.5
    np.testing.assert_allclose(values, model, atol=2e-5)
    tied = np.abs(model - 0.5) <= 2e-5
    assert np.array_equal(np.asarray(mask.dataobj)[~tied], np.asarray(lesion.dataobj)[~tied])
    assert 0.05 < np.asarray(mask.dataobj).mean() < 0.95
    assert set(table(tmp_path / "disk" / "cases.csv")) == {"scan"}
    for column in ("image", "status", "file", "size_px"):
        one, other = (table(tmp_path / name / "cases.csv")["scan"][column] for name in ("disk", "memory"))
        assert one == other
    one, other = (table(tmp_path / name / "cases.csv")["scan"]["predicted_dice"] for name in ("disk", "memory"))
    assert float(one) == pytest.approx(float(other), abs=1e-4)
    one, other = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("disk", "memory"))
    assert one["about"] == {"from_disk": True}
    assert {**one, "about": 0, "written_at": 0} == {**other, "about": 0, "written_at": 0}
    assert sorted(path.name for path in (tmp_path / "disk").iterdir()) == [
        "cases.csv", "masks", "probabilities", "run.json",
    ]  # fmt: skip


def test_no_more_than_a_few_slices_are_ever_read_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: Path
) -> None:
    asked: dict[type, list[int]] = {VolumeFile: [], SlabStore: []}
    for kind, sizes in asked.items():

        def noted(self: Any, box: Box, read: Any = kind.read, sizes: list[int] = sizes) -> np.ndarray:  # noqa: ANN401
            sizes.append(voxels(box))
            return read(self, box)

        monkeypatch.setattr(kind, "read", noted)
    images = tmp_path / "images"
    images.mkdir()
    affine = turned(spacing_mm=(0.1, 0.1, 0.1), order=(2, 0, 1), angle=0.3)
    speckle((30, 20, 160), affine, images / "long.nii", np.int16)
    monkeypatch.setattr(block_resampling, "BLOCK_VOXELS", 1)
    predict(DISK, images, tmp_path / "out", weights)
    assert max(asked[VolumeFile]) <= 5 * 30 * 20  # of 160 slices
    assert max(asked[SlabStore]) <= 5 * 16 * 10  # of 80
    assert sum(asked[VolumeFile]) >= 30 * 20 * 160


def test_a_volume_of_one_value_gives_what_it_gives_in_memory(tmp_path: Path, weights: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    nib.save(nib.Nifti1Image(np.full((20, 12, 16), 7, dtype=np.int16), np.diag([0.2, 0.2, 0.3, 1])), images / "a.nii")
    for name, sheets in (("memory", MEMORY), ("disk", DISK)):
        predict(sheets, images, tmp_path / name, weights)
    one, other = (
        np.asarray(nib.Nifti1Image.from_filename(tmp_path / name / "probabilities" / "a.nii.gz").dataobj)
        for name in ("memory", "disk")
    )
    np.testing.assert_allclose(one, other, atol=2e-5)


def test_volumes_that_cannot_be_used_cost_one_row_each(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(volume: VolumeFile, look: Any = VolumeFile.require_numbers) -> None:  # noqa: ANN401
        if volume.path.name == "huge.nii":
            raise MemoryError
        look(volume)

    monkeypatch.setattr(VolumeFile, "require_numbers", exhausted)
    images = tmp_path / "images"
    images.mkdir()
    whole = speckle((20, 12, 16), np.diag([0.2, 0.2, 0.3, 1.0]), images / "whole.nii.gz", np.int16)
    (images / "cut.nii.gz").write_bytes(whole.read_bytes()[:-2000])
    (images / "bomb.nii.gz").write_bytes(gzip.compress(gzip.decompress(whole.read_bytes()) + bytes(5 << 20)))
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4, 2), dtype=np.int16), np.eye(4)), images / "series.nii.gz")
    nib.save(nib.Nifti1Image(np.full((4, 4, 4), np.nan, dtype=np.float32), np.eye(4)), images / "nan.nii")
    speckle((20, 12, 16), np.diag([0.2, 0.2, 0.3, 1.0]), images / "huge.nii", np.int16)
    predict(DISK, images, tmp_path / "out", weights)
    rows: dict[str, Any] = table(tmp_path / "out" / "cases.csv")
    assert {name for name, row in rows.items() if row["status"] == "ok"} == {"whole"}
    assert "three axes were expected" in rows["series"]["reason"]
    assert "64 voxels of 64 that are no number" in rows["nan"]["reason"]
    assert "cut short or damaged" in rows["cut"]["reason"]
    assert "unpacks to more than" in rows["bomb"]["reason"]
    assert "not enough memory to read" in rows["huge"]["reason"]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["failed"] == 5
    assert [path.name for path in (tmp_path / "out" / "masks").iterdir()] == ["whole.nii.gz"]
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize("sheets", [MEMORY, DISK], ids=["memory", "disk"])
def test_weights_that_give_nan_are_named(tmp_path: Path, weights: Path, sheets: list[str]) -> None:
    images = tmp_path / "images"
    images.mkdir()
    speckle((20, 12, 16), np.diag([0.2, 0.2, 0.3, 1.0]), images / "whole.nii.gz", np.int16)
    network = ConfigParser(json.loads((CONFIGS / "train.json").read_text())).get_parsed_content("network_def")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(torch.nan)
    write_weights(weights, network, {"image_size": "32", "spacing_mm": "[0.2, 0.2, 0.2]"})
    with pytest.raises(RuntimeError) as raised:  # MONAI wraps what a component raises
        predict(sheets, images, tmp_path / "out", weights)
    assert "gives values that are no number for case whole" in str(find_cause(raised.value))
    assert not list((tmp_path / "out").rglob("*.nii.gz"))
