import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import PREDICTION_RGB, READER_RGB, REFERENCE_RGB


def qualify(*words: object):  # noqa: ANN201
    return CliRunner().invoke(app, ["agreement", "qualify", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo") / "set", n=12, seed=0)


def test_a_reader_of_the_manifest_passes_or_fails_with_reasons_table_and_pictures(demo: Path, tmp_path: Path) -> None:
    source = ["--manifest", demo, "--trainee", "loose", "--min-cases", 12, "--pictures", 2]
    passed = qualify(*source, "--out", tmp_path / "pass")
    assert passed.exit_code == 0, passed.output
    assert "loose has qualified" in passed.output
    failed = qualify(*source, "--out", tmp_path / "fail", "--max-offset-percent", 1)
    assert failed.exit_code == 1
    said = json.loads((tmp_path / "fail" / "qualification.json").read_text())
    assert said["passed"] is False
    (reason,) = [one["reason"] for one in said["criteria"] if not one["passed"]]
    assert "too wide" in reason
    assert reason in failed.output
    cases = pd.read_csv(tmp_path / "fail" / "cases.csv")
    assert cases["dice"].tolist() == sorted(cases["dice"])
    pictures = sorted(path.name for path in (tmp_path / "fail" / "worst").iterdir())
    assert pictures == [f"{rank:02d}_{name}.png" for rank, name in enumerate(cases["case_id"][:2], start=1)]
    with Image.open(tmp_path / "fail" / "worst" / pictures[0]) as drawn:
        assert drawn.width > 900
        pixels = np.asarray(drawn.convert("RGB")).astype(int)
    wanted = (REFERENCE_RGB, READER_RGB[0], PREDICTION_RGB)  # of loose, noisy and tight the first
    cyan, own, yellow = (int((np.abs(pixels - rgb).max(axis=2) < 8).sum()) for rgb in wanted)
    assert cyan > 50 < own
    assert yellow == 0


def test_a_folder_of_masks_is_matched_by_name(demo: Path, tmp_path: Path) -> None:
    done = qualify(
        "--manifest", demo, "--trainee", demo.parent / "masks", "--out", tmp_path, "--min-cases", 12, "--pictures", 0
    )
    assert done.exit_code == 0, done.output
    assert set(pd.read_csv(tmp_path / "cases.csv")["dice"]) == {1.0}  # the references themselves


def test_wrong_words_are_one_line_and_write_nothing(demo: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'lose' is neither a folder nor a reader .* loose, noisy, tight"):
        qualify("--manifest", demo, "--trainee", "lose", "--out", tmp_path / "out")
    with pytest.raises(DataError, match=r"No mask of the 12 cases .* holds demo_0000\.png"):
        qualify("--manifest", demo, "--trainee", demo.parent / "masks", "--pattern", "x{case}.png", "--out", tmp_path)
    assert not (tmp_path / "out").exists()
    (tmp_path / "summary.md").write_text("an old verdict")
    with pytest.raises(DataError, match="is not empty; a verdict is never written over another"):
        qualify("--manifest", demo, "--trainee", "loose", "--out", tmp_path)


def test_a_photograph_that_cannot_be_read_does_not_cost_the_verdict(demo: Path, tmp_path: Path) -> None:
    copy = tmp_path / "demo"
    shutil.copytree(demo.parent, copy)
    for path in (copy / "images").iterdir():
        path.write_bytes(b"no picture")
    words = ["--manifest", copy / demo.name, "--trainee", "loose", "--min-cases", 12, "--pictures", 2]
    done = qualify(*words, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "qualification.json").is_file()
    assert len(list((tmp_path / "out" / "worst").iterdir())) == 2


def test_a_file_in_the_place_of_the_folder_is_said(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DataError, match="out is a file"):
        qualify("--manifest", demo, "--trainee", "loose", "--out", tmp_path / "out")


def test_cases_that_the_trainee_left_out_are_counted(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    for number in range(3):
        shutil.copy(demo.parent / f"masks/demo_{number:04d}.png", tmp_path / "masks")
    words = ["--manifest", demo, "--trainee", tmp_path / "masks", "--min-cases", 3, "--pictures", 0]
    done = qualify(*words, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    for text in (done.output, (tmp_path / "out" / "summary.md").read_text()):
        assert "3 of the 12 cases with a reference are drawn; the others take no part." in text
