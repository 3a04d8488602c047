import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.engines.training_record import TRAINING_CASES, TrainingCase, write_training_cases
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import write_json
from dermaseg_monai.images import read_image
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.metrics import write_scores
from tests.experiments.small_ablation import case as score
from tests.experiments.small_matrix import make_case


def evaluation(folder: Path, train: str, jaccards: Mapping[str, float]) -> Path:
    """What an evaluation leaves of lesions with two photographs each, of which some may be trained on too."""
    cases = [make_case(name, "val", lesion_id=name[0]) for name in jaccards]
    cases += [make_case(f"{lesion}9", "train", lesion_id=lesion) for lesion in train]
    manifest = Manifest("set", "1", None, tuple(cases))
    manifest.save(folder / "manifest.json")
    write_scores(folder / "cases.csv", [score(name, jaccard) for name, jaccard in jaccards.items()])
    config = {"manifest": str(folder / "manifest.json"), "dataset_dir": str(folder), "split": "val", "weights": "w"}
    write_json(folder / "run.json", {"config": config, "manifest": {"digest": manifest.digest}, "started_at": "now"})
    return folder


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    names = [f"{lesion}{n}" for lesion in "abcdefghijklmnopqrst" for n in (1, 2)]
    leaky = {name: 0.9 if name[0] in "abcdefghij" else 0.7 for name in names}
    clean = evaluation(tmp_path / "clean", "z", dict.fromkeys(names, 0.7))
    return evaluation(tmp_path / "leaky", "abcdefghij", leaky), clean


def test_the_folder_has_page_plot_and_figures(tmp_path: Path, two: tuple[Path, Path]) -> None:
    done = CliRunner().invoke(app, ["leak-worth", *map(str, two), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    worth = json.loads((tmp_path / "out" / "leak_worth.json").read_text())["worth"]
    assert worth["values"]["dice"][0] == pytest.approx(0.2)
    page = (tmp_path / "out" / "index.html").read_text()
    assert "20 of 40 scored images show a lesion" in page
    assert "+0.200 [+0.200, +0.200] Dice in the images concerned: told apart from nothing." in page
    assert page.count("Nothing beside its weights says what they were trained on") == 2
    assert "Not a medical device" in page
    assert read_image(tmp_path / "out" / "differences.png").pixels.std() > 1
    assert "what the leak is worth" in (tmp_path / "out" / "leak_worth.md").read_text()


def test_an_evaluation_with_a_manifest_that_has_changed_is_refused(two: tuple[Path, Path]) -> None:
    run = json.loads((two[0] / "run.json").read_text())
    write_json(two[0] / "run.json", run | {"manifest": {"digest": "0" * 64}})
    done = CliRunner().invoke(app, ["leak-worth", *map(str, two), "--out", "out"])
    assert isinstance(done.exception, DataError)
    assert "has changed since" in str(done.exception)


def test_a_folder_that_is_no_evaluation_is_refused(tmp_path: Path, two: tuple[Path, Path]) -> None:
    done = CliRunner().invoke(app, ["leak-worth", str(tmp_path), str(two[1]), "--out", "out"])
    assert "does not say which split" in str(done.exception)


def test_weights_that_were_trained_with_another_manifest_are_refused(two: tuple[Path, Path]) -> None:
    run = json.loads((two[0] / "run.json").read_text())
    run["config"]["weights"] = str(two[0] / "model.safetensors")
    write_json(two[0] / "run.json", run)
    row = TrainingCase("0" * 16, "train", "a9", "", "", "", "")
    write_training_cases(two[0] / TRAINING_CASES, [row])
    done = CliRunner().invoke(app, ["leak-worth", *map(str, two), "--out", "out"])
    assert "was trained on another manifest than set" in str(done.exception)
