import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dermaseg_monai.cli import app
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import DermasegError
from dermaseg_monai.manifest import Manifest


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo") / "set", n=12, seed=3)


def run(*words: str) -> Result:
    done = CliRunner().invoke(app, ["data", "describe", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_set_is_described_against_another(demo: Path, tmp_path: Path) -> None:
    done = run(str(demo), "--against", str(demo), "--out", str(tmp_path / "out"), "--html")
    assert done.exit_code == 0, done.output
    assert "Lesion area" in done.output
    with (tmp_path / "out" / "images.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["data_set"] for row in rows] == ["demo-12-seed3"] * 12 + ["demo-12-seed3 (2)"] * 12
    assert {row["status"] for row in rows} == {"measured"}
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert [one["cases"] for one in found["sets"]] == [12, 12]
    assert (tmp_path / "out" / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_without_out_and_html_the_table_lies_beside_the_manifest(demo: Path) -> None:
    assert run(str(demo)).exit_code == 0
    folder = demo.parent / "manifest_description"
    assert sorted(path.name for path in folder.iterdir()) == ["images.csv", "summary.json"]


def test_folders_must_be_as_many_as_manifests(demo: Path) -> None:
    with pytest.raises(DermasegError, match=r"given 1 times for 2 manifests.*in their order"):
        run(str(demo), "--against", str(demo), "--dataset-dir", str(demo.parent))


def test_a_folder_that_is_not_there_is_named_before_anything_is_measured(demo: Path, tmp_path: Path) -> None:
    with pytest.raises(DermasegError, match=r"nowhere does not exist"):
        run(str(demo), "--dataset-dir", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_set_whose_files_are_elsewhere_has_no_description(demo: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.json"
    shutil.copy(demo, alone)
    with pytest.raises(
        DermasegError, match=r"None of the \d+ images of .* could be measured, first .*--dataset-dir DIR"
    ):
        run(str(alone), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_picture_that_cannot_be_read_is_named_without_the_folder_of_the_set(demo: Path, tmp_path: Path) -> None:
    copy = tmp_path / "private"
    shutil.copytree(demo.parent, copy)
    (copy / "images" / "demo_0003.jpg").write_bytes(b"no picture")
    assert run(str(copy / "manifest.json"), "--out", str(tmp_path / "out"), "--html").exit_code == 0
    for name in ("images.csv", "index.html"):
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        assert "images/demo_0003.jpg" in text
        assert str(tmp_path) not in text


def test_two_cameras_of_one_patient_are_described_and_not_compared(demo: Path, tmp_path: Path) -> None:
    made = Manifest.load(demo)
    cases = [
        replace(made.cases[0], id=f"{at:02d}", patient_id="P", attributes={"device": "ab"[at % 2]}) for at in range(40)
    ]
    replace(made, cases=tuple(cases)).save(tmp_path / "one.json")
    words = (str(tmp_path / "one.json"), "--dataset-dir", str(demo.parent), "--out", str(tmp_path / "out"), "--html")
    done = run(*words)
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "b beside all but b: " in said
    assert "not compared, all their images are of one lesion or patient." in said
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["comparisons"][0]
    assert "Lesion area" in found["of_one_group"]
    assert found["distances"] == []
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Not compared, all images are of one lesion or patient: " in page
    assert "Nothing differs beyond chance" not in page
