"""The agreement commands on volumes: millimetres throughout, and pictures of slices."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data import make_volumes
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import spacing_of


def agreement(*words: object):  # noqa: ANN201
    return CliRunner().invoke(app, ["agreement", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_volumes(tmp_path_factory.mktemp("volumes") / "set", n=6, seed=0)


@pytest.fixture(scope="module")
def study(volumes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study") / "out"
    done = agreement("--manifest", volumes, "--out", out, "--tolerance-mm", "0.2")
    assert done.exit_code == 0, done.output
    return out


def test_every_table_of_volumes_is_in_mm(volumes: Path, study: Path) -> None:
    pairs = pd.read_csv(study / "pairs.csv")
    assert len(pairs) == 6
    assert {"hd95_mm", "assd_mm", "surface_dice", "volume_difference_mm3", "band_vox", "volume_vox"} <= set(pairs)
    row = pairs.iloc[0]
    x, y, z = spacing_of(volumes.parent / "annotations" / "loose" / f"{row['case_id']}.nii.gz")
    assert row["volume_a_mm3"] == pytest.approx(row["voxels_a"] * x * y * z)
    for path in study.glob("*.csv"):
        # an error has a place on a picture; in a volume these columns are empty
        lengths = [name for name in pd.read_csv(path).dropna(axis=1, how="all") if name.endswith("px")]
        assert lengths == [], path.name
    summary = (study / "summary.md").read_text()
    assert "Volumes: lengths in mm and mm³" in summary
    assert "Surface Dice at 0.2 mm" in summary
    assert " px" not in summary
    scores = json.loads((study / "summary.json").read_text())["agreement"]["different_people"]["scores"]
    assert scores["hd95_mm"]["mean"] == pytest.approx(pairs["hd95_mm"].mean())


def test_the_page_shows_slices_and_says_where_they_lie(study: Path) -> None:
    page = (study / "index.html").read_text()
    assert "Where people agree least" in page
    assert "mm from the first; right:" in page
    assert "nearest patient left" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "volumes, measured in mm: give the tolerance of surface Dice with --tolerance-mm"),
        (["--tolerance-px", "2"], "and no --tolerance-px"),
        (["--tolerance-px", "auto", "--tolerance-mm", "1"], "and no --tolerance-px"),
        (["--tolerance-mm", "-1"], "--tolerance-mm is '-1', but it is a number of millimetres from 0"),
    ],
)
def test_a_tolerance_that_does_not_fit_is_one_line(volumes: Path, tmp_path: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        agreement("--manifest", volumes, "--out", tmp_path / "out", *words)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_volumes_is_measured_too(volumes: Path, study: Path, tmp_path: Path) -> None:
    root = ("--root", volumes.parent / "annotations", "--pattern", "{annotator}/{case}.nii.gz")
    scans = volumes.parent / "images"
    done = agreement(*root, "--images", scans, "--out", tmp_path / "out", "--tolerance-mm", "0.2")
    assert done.exit_code == 0, done.output
    ours, theirs = (pd.read_csv(folder / "pairs.csv") for folder in (tmp_path / "out", study))
    assert ours["hd95_mm"].to_list() == theirs["hd95_mm"].to_list()


def test_volumes_and_pictures_in_one_folder_are_one_line(volumes: Path, tmp_path: Path) -> None:
    for who in ("loose", "tight"):
        (tmp_path / "root" / who).mkdir(parents=True)
        shutil.copy(volumes.parent / "annotations" / who / "volume_0000.nii.gz", tmp_path / "root" / who / "a.nii.gz")
    (tmp_path / "root" / "loose" / "b.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"millimetres and pixels do not go into one mean"):
        agreement("--root", tmp_path / "root", "--pattern", "{annotator}/{case}.{tool}", "--out", tmp_path / "out")


def test_the_ceiling_of_volumes_is_in_mm(volumes: Path, tmp_path: Path) -> None:
    masks = volumes.parent / "masks"
    words = ("--manifest", volumes, "--pred", masks, "--margin", "0.05", "--tolerance-mm", "0.2")
    done = agreement("ceiling", *words, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "HD95, mm" in done.output
    assert "volume difference, mm³" in done.output
    assert "Surface Dice at 0.2 mm" in done.output
    assert "px" not in done.output
