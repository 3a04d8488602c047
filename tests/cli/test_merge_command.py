from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Case, FileRecord, Manifest, verify


def save(folder: Path, name: str) -> Path:
    folder.mkdir()
    Image.new("RGB", (40, 30), name).save(folder / f"{name}.jpg")
    file = FileRecord(f"{name}.jpg", sha256_of(folder / f"{name}.jpg"), size_px=(30, 40))
    Manifest(folder.name, "1", None, (Case(name, file, (), "train"),)).save(folder / "manifest.json")
    return folder / "manifest.json"


def merge(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["data", "merge", *map(str, words)])


def test_the_merged_manifest_is_written_and_its_folder_named(tmp_path: Path) -> None:
    first, second = save(tmp_path / "one", "red"), save(tmp_path / "two", "blue")
    done = merge(first, second, "--out", tmp_path / "both.json")
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "2 cases (2 train, 0 val, 0 test, 0 excluded)" in said
    assert f"Its paths start from {tmp_path}" in said
    written = Manifest.load(tmp_path / "both.json")
    assert written.name == "both"
    assert [problem.kind for problem in verify(written, tmp_path)] == []


def test_how_a_set_was_divided_is_said_to_stay_behind(tmp_path: Path) -> None:
    first, second = save(tmp_path / "one", "red"), save(tmp_path / "two", "blue")
    divided = replace(Manifest.load(second), division="by lesion, seed 0")
    divided.save(second)
    done = merge(first, second, "--out", tmp_path / "both.json")
    assert "How two was divided or reduced stays in its manifest" in " ".join(done.output.split())
    assert divided.digest[:12] in Manifest.load(tmp_path / "both.json").version


def test_folders_are_given_for_all_manifests_or_for_none(tmp_path: Path) -> None:
    first, second = save(tmp_path / "one", "red"), save(tmp_path / "two", "blue")
    done = merge(first, second, "--dataset-dir", tmp_path / "one", "--out", tmp_path / "both.json")
    assert isinstance(done.exception, ConfigError)
    assert "2 manifests and 1 --dataset-dir" in str(done.exception)


def test_nothing_is_written_where_the_sets_cannot_be_one(tmp_path: Path) -> None:
    first = save(tmp_path / "one", "red")
    done = merge(first, "--out", tmp_path / "both.json")
    assert isinstance(done.exception, DataError)
    assert not (tmp_path / "both.json").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    first, second = save(tmp_path / "one", "red"), save(tmp_path / "two", "blue")
    done = merge(
        first, second, "--dataset-dir", tmp_path / "one", "--dataset-dir", tmp_path / "no", "--out", tmp_path / "m.json"
    )
    with pytest.raises(DataError, match="does not exist"):
        raise done.exception or AssertionError(done.output)
