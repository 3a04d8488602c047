import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.data import Unreadable, readable_images
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import write_rgb
from dermaseg_monai.manifest import Case, FileRecord, Manifest

PIXELS = np.random.default_rng(0).integers(0, 255, (8, 12, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good images, one cut short, one text file."""
    write_rgb(tmp_path / "set" / "b.png", PIXELS)
    write_rgb(tmp_path / "set" / "deep" / "a.jpg", PIXELS)
    write_rgb(tmp_path / "set" / "c.png", PIXELS)
    (tmp_path / "set" / "c.png").write_bytes((tmp_path / "set" / "c.png").read_bytes()[:200])
    (tmp_path / "set" / "notes.txt").write_text("no image")
    return tmp_path / "set"


def test_a_bad_image_costs_only_itself(folder: Path) -> None:
    found = readable_images(folder)
    assert [sample["case_id"] for sample in found] == ["b", "a"]
    assert found[0] == {"case_id": "b", "image": str(folder / "b.png"), "image_path": str(folder / "b.png")}
    (failure,) = found.failures
    assert isinstance(failure, Unreadable)
    assert (failure.case_id, failure.path) == ("c", str(folder / "c.png"))
    assert "cut short" in failure.reason
    assert "\n" not in failure.reason


@pytest.mark.parametrize("suffix", [".jpe", ".JFIF"])
def test_other_suffixes_of_jpeg_are_read(folder: Path, suffix: str) -> None:
    (folder / "deep/a.jpg").rename(folder / f"d{suffix}")
    assert [sample["case_id"] for sample in readable_images(folder)] == ["b", "d"]


@pytest.mark.parametrize("name", ["b.webp", "IMG_0001.HEIC", "d.gif", "e.avif", "f.dng", "g.dcm"])
def test_an_image_of_a_format_that_is_not_read_is_a_failure_with_the_reason(folder: Path, name: str) -> None:
    (folder / "c.png").unlink()
    (folder / name).write_bytes((folder / "b.png").read_bytes())  # even where the content could be read
    found = readable_images(folder)
    (failure,) = found.failures
    assert (failure.case_id, failure.path) == (name, str(folder / name))
    assert f"is of a format that is not read ({Path(name).suffix}). Save it as JPEG or PNG" in failure.reason
    assert [sample["case_id"] for sample in found] == ["b", "a"]


def test_other_files_are_counted(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "deep" / "without suffix").write_bytes((folder / "b.png").read_bytes())
    readable_images(folder)
    (record,) = caplog.records
    assert record.getMessage() == f"2 files of {folder} are no images and take no part, first deep/without suffix."
    caplog.clear()
    readable_images(folder / "b.png")
    assert not caplog.records


def test_one_file_is_a_list_of_one(folder: Path) -> None:
    assert [sample["case_id"] for sample in readable_images(folder / "b.png")] == ["b"]


def test_images_that_share_a_name_keep_apart(folder: Path) -> None:
    write_rgb(folder / "deep" / "b.jpg", PIXELS)
    assert sorted(sample["case_id"] for sample in readable_images(folder)) == ["a", "b_png", "deep_b_jpg"]


def test_nothing_readable_is_an_error(folder: Path) -> None:
    (folder / "b.png").unlink()
    (folder / "deep" / "a.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"None of the 2 images of .* can be used\. First: .*c\.png"):
        readable_images(folder)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no image\. Known are \.jpg"):
        readable_images(tmp_path)


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no folder or manifest .*nowhere"):
        readable_images(tmp_path / "nowhere")


@pytest.fixture
def manifest(folder: Path) -> Path:
    records = {name: FileRecord(name, sha256_of(folder / name), (8, 12)) for name in ("b.png", "c.png", "deep/a.jpg")}
    made = (
        Case("first", records["b.png"], (), "test"),
        Case("second", records["c.png"], (), "test"),
        Case("third", records["deep/a.jpg"], (), "train"),
        Case("left-out", FileRecord("gone.png", "0" * 64, (8, 12)), (), "excluded"),
    )
    Manifest("tiny", "1", None, made).save(folder / "manifest.json")
    return folder / "manifest.json"


def test_a_manifest_gives_its_ids(folder: Path, manifest: Path) -> None:
    assert [sample["case_id"] for sample in readable_images(manifest, folder)] == ["first", "third"]
    chosen = readable_images(manifest, folder, "test")
    assert [sample["case_id"] for sample in chosen] == ["first"]
    assert [failure.case_id for failure in chosen.failures] == ["second"]


def test_a_file_other_than_the_manifests_is_left_out(folder: Path, manifest: Path) -> None:
    write_rgb(folder / "b.png", PIXELS + 1)
    (folder / "deep" / "a.jpg").unlink()
    with pytest.raises(DataError, match=r"None of the 3.*b\.png is not the file the manifest means"):
        readable_images(manifest, folder)


def test_a_manifest_needs_its_folder(manifest: Path) -> None:
    with pytest.raises(DataError, match=r"manifest\.json is a manifest; .* --dataset_dir"):
        readable_images(manifest)


def test_a_volume_among_photographs_costs_only_itself(folder: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6), np.float32), np.eye(4)), folder / "v.nii.gz")
    found = readable_images(folder)
    assert [sample["case_id"] for sample in found] == ["b", "a"]
    assert [one.case_id for one in found.failures] == ["c", "v"]
    assert "v.nii.gz is a volume, and this bundle takes photographs" in found.failures[1].reason
    volumes = readable_images(folder, volumes=True)
    assert [sample["case_id"] for sample in volumes] == ["v"]
    assert "b.png is no NIfTI volume" in volumes.failures[0].reason


def test_a_name_that_is_not_utf8_costs_only_itself(folder: Path) -> None:
    (folder / "b.png").rename(folder / os.fsdecode(b"caf\xe9.png"))
    found = readable_images(folder)
    assert [sample["case_id"] for sample in found] == ["a"]
    failure = found.failures[-1]
    assert failure.case_id == "caf\\xe9"
    assert failure.reason.endswith("caf\\xe9.png is not UTF-8 text. Rename the file, or the folder that it lies in.")
