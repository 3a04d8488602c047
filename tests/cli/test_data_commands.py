import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from monai.data import load_decathlon_datalist
from typer.testing import CliRunner

from dermaseg_monai.cli import app, main
from dermaseg_monai.images import write_mask, write_rgb
from dermaseg_monai.manifest import Manifest

SPLITS = {"a": "train", "b": "train", "c": "val"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photographs with masks and a table, no test split."""
    root = tmp_path / "set"
    for index, name in enumerate(SPLITS):
        pixels = np.full((6, 8, 3), 10 * index, dtype=np.uint8)
        write_rgb(root / "images" / f"{name}.png", pixels)
        write_mask(root / "masks" / f"{name}.png", pixels[..., 0] >= 0)
    with (root / "table.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["id", "split", "dx"])
        rows.writerows([name, split, "nevus"] for name, split in SPLITS.items())
    return root


def index(folder: Path, out: Path, *words: str) -> str:
    table = ["--table", str(folder / "table.csv"), "--split-column", "split", "--attributes", "dx"]
    done = CliRunner().invoke(
        app, ["data", "index", "folder", "--root", str(folder), "--out", str(out), *table, *words]
    )
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_folder_is_indexed_also_when_a_split_is_empty(folder: Path, tmp_path: Path) -> None:
    said = index(folder, tmp_path / "m.json", "--name", "mine", "--licence", "CC0-1.0")
    assert "3 cases (2 train, 1 val, 0 test, 0 excluded)" in said
    manifest = Manifest.load(tmp_path / "m.json")
    assert (manifest.name, manifest.licence, manifest.cases[0].attributes["dx"]) == ("mine", "CC0-1.0", "nevus")


def test_a_split_that_is_none_is_refused_with_those_there_are(folder: Path, tmp_path: Path) -> None:
    words = ["data", "index", "folder", "--root", str(folder), "--out", str(tmp_path / "m.json")]
    done = CliRunner().invoke(app, [*words, "--split", "validation"])
    assert done.exit_code == 2
    assert "'validation' is not one of" in done.output
    assert "excluded" in done.output
    assert not (tmp_path / "m.json").exists()
    assert CliRunner().invoke(app, [*words, "--split", "val"]).exit_code == 0
    assert Manifest.load(tmp_path / "m.json").counts["val"] == 3


def test_names_in_two_spellings_are_asked_about(folder: Path, tmp_path: Path) -> None:
    (folder / "table.csv").write_text("id,split,dx,who\na,train,x,P1\nb,val,x,p1\nc,train,x,P2\n")
    said = index(folder, tmp_path / "m.json", "--patient-column", "who")
    assert "warning: 2 names of patients differ only by capitals or leading zeros, first 'P1' and 'p1'" in said


def test_shares_that_could_not_be_kept_are_said_with_the_command_that_comes_nearer(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["id,who"]
    for number in range(20):
        write_rgb(folder / "images" / f"m{number:02}.png", np.full((6, 8, 3), 40 + number, dtype=np.uint8))
        write_mask(folder / "masks" / f"m{number:02}.png", np.ones((6, 8), dtype=bool))
        rows.append(f"m{number:02},{'big' if number < 14 else number}")
    (folder / "who.csv").write_text("\n".join([*rows, "a,a", "b,b", "c,c"]))
    words = ["--root", str(folder), "--table", str(folder / "who.csv"), "--patient-column", "who"]
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["data", "index", "folder", *words, "--out", "m.json", "--val-share", ".5"])
    assert "warning: val has 20 of 23 cases, 12 were asked for: lesions and patients with many" in done.output
    command = "dermaseg data split m.json --ratios 50:50 --parts train,val --out NEW.json"
    assert f"`{command}` comes nearer" in done.output
    assert CliRunner().invoke(app, command.split()[1:]).exit_code == 0
    assert Manifest.load("NEW.json").counts["val"] == 9


def test_masks_that_are_named_in_another_way_are_indexed(folder: Path, tmp_path: Path) -> None:
    for name, suffix in zip("ab", ("_gt", "_Label"), strict=True):
        (folder / "masks" / f"{name}.png").rename(folder / "masks" / f"{name}{suffix}.png")
    index(folder, tmp_path / "m.json", "--mask-suffixes", ", _gt, _label")
    masks = [case.reference.mask.path for case in Manifest.load(tmp_path / "m.json").cases if case.reference]
    assert masks == ["masks/a_gt.png", "masks/b_Label.png", "masks/c.png"]


def test_what_was_indexed_is_verified_and_a_change_is_found(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "m.json")
    command = ["data", "verify", str(tmp_path / "m.json"), "--dataset-dir", str(folder)]
    assert "3 cases are as" in CliRunner().invoke(app, command).output
    write_mask(folder / "masks" / "b.png", np.zeros((6, 8), dtype=bool))
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "b.png" in done.output


def test_the_data_list_is_one_that_monai_reads(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "m.json")
    out = tmp_path / "list.json"
    command = ["data", "datalist", str(tmp_path / "m.json"), "--dataset-dir", str(folder), "--out", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    items = load_decathlon_datalist(str(out), data_list_key="training")
    assert [Path(item["image"]).name for item in items] == ["a.png", "b.png"]


def test_a_demo_set_is_drawn(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["data", "demo", "--out", str(tmp_path / "demo"), "--n", "10", "--seed", "3"])
    assert done.exit_code == 0, done.output
    assert len(Manifest.load(tmp_path / "demo" / "manifest.json").cases) == 10


def test_a_demo_set_with_a_panel_of_readers_is_drawn(tmp_path: Path) -> None:
    command = ["data", "demo", "--readers", "--out", str(tmp_path / "demo"), "--n", "10"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    cases = Manifest.load(tmp_path / "demo" / "manifest.json").cases
    assert {len([one for one in case.annotations if one.role == "reader"]) for case in cases} == {4}


def test_a_user_error_is_one_line_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["dermaseg", "data", "index", "isic2018", "--root", str(tmp_path / "none"), "--out", "x.json"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("dermaseg: error: ")
    assert error.count("\n") == 1
    assert "none" in error


def test_the_bundle_is_found_and_help_loads_no_torch() -> None:
    done = CliRunner().invoke(app, ["bundle", "path", "ba_deeplab"])
    assert done.output.strip().endswith("ba_deeplab")
    script = "import sys; from dermaseg_monai.cli import app; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0  # noqa: S603
