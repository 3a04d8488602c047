import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import write_mask
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split

QUARTER = np.array([[True, False], [False, False]])
HALF = np.array([[True, False], [True, False]])


def save(folder: Path, **masks: tuple[Split, np.ndarray]) -> Path:
    cases: list[Case] = []
    for name, (split, mask) in masks.items():
        write_mask(folder / f"{name}.png", mask)
        file = FileRecord(f"{name}.png", "0" * 64, size_px=(2, 2))
        cases.append(Case(name, image=file, annotations=(Annotation(file),), split=split))
    Manifest("tiny", "1", None, tuple(cases)).save(folder / "m.json")
    return folder / "m.json"


def weights(*words: str | Path) -> str:
    done = CliRunner().invoke(app, ["data", "weights", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_weights_are_printed_per_split_and_written_as_figures_and_overlay(tmp_path: Path) -> None:
    manifest = save(tmp_path, a=("train", QUARTER), b=("train", QUARTER), c=("test", HALF))
    said = weights(manifest, "--out", tmp_path / "f.json", "--overlay", tmp_path / "w.json")
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if "%" in line}
    assert rows["train"] == ["2", "25.00%", "75.00%", "25.00%", "2.0000", "0.6667"]
    assert rows["test"] == ["1", "50.00%", "50.00%", "50.00%", "1.0000", "1.0000"]
    digest = Manifest.load(manifest).digest
    figures = json.loads((tmp_path / "f.json").read_text())
    assert (figures["digest"], [one["split"] for one in figures["splits"]]) == (digest, ["train", "test"])
    overlay = json.loads((tmp_path / "w.json").read_text())
    assert overlay["loss#overlap"] == "weighted_ce"
    given = overlay["loss#pixel_weights"]
    assert (given["lesion"], given["skin"], given["digest"]) == (2.0, pytest.approx(2 / 3), digest)


def test_an_overlay_needs_training_masks(tmp_path: Path) -> None:
    manifest = save(tmp_path, c=("test", HALF))
    with pytest.raises(DataError, match="has no training masks to take weights from"):
        weights(manifest, "--overlay", tmp_path / "w.json")
    assert not (tmp_path / "w.json").exists()


def test_no_mask_and_no_folder_are_said(tmp_path: Path) -> None:
    file = FileRecord("a.png", "0" * 64, size_px=(2, 2))
    Manifest("bare", "1", None, (Case("a", image=file, annotations=(), split="train"),)).save(tmp_path / "m.json")
    with pytest.raises(DataError, match=r"No case of .*m\.json in train, val or test has a reference mask"):
        weights(tmp_path / "m.json")
    with pytest.raises(DataError, match="does not exist"):
        weights(tmp_path / "m.json", "--dataset-dir", tmp_path / "none")
