from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.data import cases
from dermaseg_monai.errors import DataError, IntegrityError, LeakError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import write_mask, write_rgb
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split


@pytest.fixture(autouse=True)
def _own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def make_case(folder: Path, name: str, split: Split, *, lesion: str | None = None, reference: bool = True) -> Case:
    rng = np.random.default_rng(len(list(folder.glob("*"))))
    write_rgb(folder / f"{name}.png", rng.integers(0, 255, (8, 12, 3), dtype=np.uint8))
    write_mask(folder / f"{name}_mask.png", rng.random((8, 12)) > 0.5)
    image, mask = (
        FileRecord(path.name, sha256_of(path), (8, 12))
        for path in (folder / f"{name}.png", folder / f"{name}_mask.png")
    )
    annotations = (Annotation(mask, role="reference" if reference else "reader"),)
    return Case(name, image, annotations, split, lesion_id=lesion)


def save(folder: Path, *made: Case) -> Path:
    Manifest("tiny", "1", "CC0-1.0", made).save(folder / "manifest.json")
    return folder / "manifest.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return tmp_path / "set"


def test_a_split_becomes_samples(folder: Path) -> None:
    manifest = save(
        folder, make_case(folder, "b", "train"), make_case(folder, "a", "train"), make_case(folder, "c", "val")
    )
    found = cases(manifest, folder, "train")
    assert [sample["case_id"] for sample in found] == ["a", "b"]
    assert {key: value for key, value in found[0].items() if key != "content"} == {
        "case_id": "a",
        "image": str(folder / "a.png"),
        "label": str(folder / "a_mask.png"),
        "image_path": str(folder / "a.png"),
        "label_path": str(folder / "a_mask.png"),
    }


def test_a_redrawn_mask_is_another_sample(folder: Path) -> None:
    case = make_case(folder, "a", "train")
    (first,) = cases(save(folder, case), folder, "train")
    write_mask(folder / "a_mask.png", np.ones((8, 12), dtype=bool))
    record = FileRecord("a_mask.png", sha256_of(folder / "a_mask.png"), (8, 12))
    (again,) = cases(save(folder, replace(case, annotations=(Annotation(record),))), folder, "train")
    assert again["content"] != first["content"]
    assert {key: again[key] for key in again if key != "content"} == {
        key: first[key] for key in first if key != "content"
    }


def test_an_empty_split_is_an_error(folder: Path) -> None:
    manifest = save(folder, make_case(folder, "a", "train"))
    with pytest.raises(DataError, match=r"tiny has no case in split 'test' \(it has train 1\)"):
        cases(manifest, folder, "test")


def test_a_missing_folder_is_named_with_its_argument(folder: Path) -> None:
    manifest = save(folder, make_case(folder, "a", "train"))
    with pytest.raises(DataError, match=r"dataset_dir .*nowhere does not exist.* start from: --dataset_dir FOLDER"):
        cases(manifest, folder / "nowhere", "train")
    with pytest.raises(DataError, match=r"dataset_dir .*a\.png is not a folder"):
        cases(manifest, folder / "a.png", "train")


def test_a_missing_manifest_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.json"):
        cases(folder / "nothing.json", folder, "train")


def test_cases_without_a_reference_are_an_error(folder: Path) -> None:
    manifest = save(folder, make_case(folder, "a", "train"), make_case(folder, "b", "train", reference=False))
    with pytest.raises(DataError, match="1 of 2 train cases of manifest tiny have no reference mask, first b"):
        cases(manifest, folder, "train")


def test_leaks_need_permission(folder: Path) -> None:
    manifest = save(folder, make_case(folder, "a", "train", lesion="L"), make_case(folder, "b", "val", lesion="L"))
    with pytest.raises(LeakError, match=r"lesion_id L.*--allow_leaks True"):
        cases(manifest, folder, "train")
    assert len(cases(manifest, folder, "train", allow_leaks=True)) == 1


def test_a_changed_file_ends_it(folder: Path) -> None:
    manifest = save(folder, make_case(folder, "a", "train"), make_case(folder, "b", "val"))
    with (folder / "a_mask.png").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(IntegrityError, match=r"1 of 2 files in train.*a_mask\.png"):
        cases(manifest, folder, "train")
    assert len(cases(manifest, folder, "val")) == 1
