import csv
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dermaseg_monai.cli import app
from dermaseg_monai.manifest import Case, FileRecord, Manifest

NETWORK = {"path": "/home/ann/model.safetensors", "sha256": "a" * 64}
N = 20


def quality(*words: object) -> Result:
    return CliRunner().invoke(app, ["quality", *map(str, words)])


def error(*words: object) -> str:
    done = quality(*words)
    assert done.exit_code == 1, done.output
    return str(done.exception)


def case(name: str, lesion: str | None = None) -> Case:
    file = FileRecord(path=f"{name}.png", sha256=sha256(name.encode()).hexdigest(), size_px=(8, 8))
    return Case(id=name, image=file, annotations=(), split="val", lesion_id=lesion, licence="CC0-1.0", attribution="")


def write_folder(folder: Path, rows: Sequence[tuple[str, float | None, float | None]], **run: Any) -> Path:  # noqa: ANN401
    """A prediction folder: id, predicted Dice and, where there is a reference, Dice."""
    folder.mkdir()
    with (folder / "cases.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["case_id", "status", "reason", "file", "predicted_dice", "dice"])
        writer.writerows((name, "ok", "", f"{name}.png", p, d) for name, p, d in rows)
    (folder / "run.json").write_text(json.dumps({"weights": NETWORK, "threshold": 0.5, **run}))
    return folder


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    """20 photographs that promise 0.89; Dice falls short by 0.00, 0.02, ... 0.38."""
    names = [f"c{number:02d}" for number in range(N)]
    Manifest("set", "1", "CC0-1.0", tuple(map(case, names))).save(tmp_path / "manifest.json")
    config = {"manifest": str(tmp_path / "manifest.json"), "dataset_dir": str(tmp_path), "split": "val"}
    rows = [(name, 0.89, 0.89 - 0.02 * step) for step, name in enumerate(names)]
    return write_folder(tmp_path / "evaluate_val", rows, config=config)


def table(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "quality.csv").open(newline="") as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


def test_every_photograph_gets_the_dice_that_it_reaches_in_nine_of_ten_cases(tmp_path: Path, calibration: Path) -> None:
    folder = write_folder(tmp_path / "new", [("sure", 0.98, None), ("unsure", 0.89, None)])
    done = quality(folder, "--calibration", calibration)
    assert done.exit_code == 0, done.output
    found = table(folder)
    assert float(found["unsure"]["dice_at_least"]) == pytest.approx(0.53)  # the 19th of 20 falls short by 0.36
    assert float(found["unsure"]["dice_expected"]) == pytest.approx(0.70)
    assert found["sure"]["dice_at_least"] == "0.89"
    assert "Learned from 20 photographs of 20 lesions or patients" in done.output
    assert "It may be below 0.65 in 1 of 2 photographs, first unsure." in done.output
    said = json.loads((folder / "quality.json").read_text())
    assert (said["confidence"], said["cases"], said["learned_from"]) == (0.9, 20, "evaluate_val, split val")
    assert "/home" not in (folder / "quality.json").read_text()


def test_a_bound_is_never_rounded_up(tmp_path: Path, calibration: Path) -> None:
    folder = write_folder(tmp_path / "new", [("a", 0.9325, None)])  # 0.9325 - 3 x 0.0775 = 0.7
    assert quality(folder, "--calibration", calibration).exit_code == 0
    assert table(folder)["a"]["dice_at_least"] == "0.7"
    folder = write_folder(tmp_path / "other", [("a", 0.934, None)])  # 0.706
    assert quality(folder, "--calibration", calibration).exit_code == 0
    assert table(folder)["a"]["dice_at_least"] == "0.7"


def test_a_scored_prediction_says_how_often_the_bound_held(tmp_path: Path, calibration: Path) -> None:
    Manifest("other", "1", "CC0-1.0", tuple(map(case, "abcd"))).save(tmp_path / "other.json")
    config = {"manifest": str(tmp_path / "other.json"), "dataset_dir": str(tmp_path), "split": "test"}
    rows = [("a", 0.89, 0.9), ("b", 0.89, 0.54), ("c", 0.89, 0.52), ("d", 0.89, 0.6)]
    folder = write_folder(tmp_path / "evaluate_test", rows, config=config)
    assert "it held in 3 of 4, 0.750 [" in quality(folder, "--calibration", calibration).output


def test_scored_photographs_whose_manifest_is_gone_get_their_bound(tmp_path: Path, calibration: Path) -> None:
    folder = write_folder(tmp_path / "new", [("a", 0.89, 0.9)])
    done = quality(folder, "--calibration", calibration)
    assert done.exit_code == 0, done.output
    assert "how often it held is not said: a is in no manifest here" in done.output
    assert list(table(folder)) == ["a"]


def test_lesions_that_it_was_learned_from_do_not_test_it(tmp_path: Path, calibration: Path) -> None:
    names = [f"c{number:02d}" for number in range(N)]
    Manifest("set", "1", "CC0-1.0", tuple(case(one, one) for one in names)).save(tmp_path / "manifest.json")
    others = case("a", "c07"), case("b", "c19"), case("c", "new")
    Manifest("other", "1", "CC0-1.0", others).save(tmp_path / "other.json")
    config = {"manifest": str(tmp_path / "other.json"), "dataset_dir": str(tmp_path), "split": "test"}
    folder = write_folder(tmp_path / "new", [("a", 0.89, 0.9), ("b", 0.89, 0.9), ("c", 0.89, 0.2)], config=config)
    words = quality(folder, "--calibration", calibration).output
    assert "2 scored photographs are among those it was learned from, or share a lesion or patient with them" in words
    assert "The other scored photographs: it held in 0 of 1" in words


def test_photographs_that_the_network_has_seen_teach_nothing(tmp_path: Path, calibration: Path) -> None:
    run = json.loads((calibration / "run.json").read_text())
    seen = {**run, "about": {"split": "val", "seen_in_training": {"checked": True, "cases": 3}}}
    (calibration / "run.json").write_text(json.dumps(seen))
    folder = write_folder(tmp_path / "new", [("a", 0.9, None)])
    assert "3 cases of" in error(folder, "--calibration", calibration)
    mean = {**run, "weights": None, "about": {"members": [{"weights": NETWORK}, {**seen, "weights": NETWORK}]}}
    (calibration / "run.json").write_text(json.dumps(mean))
    folder = write_folder(tmp_path / "mean", [("a", 0.9, None)], **{key: mean[key] for key in ("weights", "about")})
    assert "were seen in the training of its network" in error(folder, "--calibration", calibration)


def test_no_table_stands_beside_the_record_of_another_bound(tmp_path: Path, calibration: Path) -> None:
    folder = write_folder(tmp_path / "new", [("a", 0.89, None)])
    assert quality(folder, "--calibration", calibration, "--confidence", 0.8).exit_code == 0
    (folder / "quality.json").unlink()
    (folder / "quality.json").mkdir()  # what comes next cannot be written
    assert "Cannot write" in error(folder, "--calibration", calibration)
    assert not (folder / "quality.csv").exists()


def test_photographs_of_one_lesion_are_one(tmp_path: Path, calibration: Path) -> None:
    one = tuple(case(f"c{number:02d}", lesion="L") for number in range(N))
    Manifest("set", "1", "CC0-1.0", one).save(tmp_path / "one.json")
    folder = write_folder(tmp_path / "new", [("a", 0.9, None)])
    found = error(folder, "--calibration", calibration, "--manifest", tmp_path / "one.json")
    assert "needs 10 lesions or patients with a reference, there are 1" in found
    assert not (folder / "quality.csv").exists()


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ({"weights": {**NETWORK, "sha256": "b" * 64}}, "was predicted with model.safetensors (sha256 bbbbbbbbbbbb)"),
        ({"threshold": 0.3}, "has the threshold 0.3, "),
        ({"weights": None}, "does not say which weights were used"),
    ],
)
def test_another_network_is_not_judged(tmp_path: Path, calibration: Path, run: Mapping[str, Any], words: str) -> None:
    folder = write_folder(tmp_path / "new", [("a", 0.9, None)], **run)
    assert words in error(folder, "--calibration", calibration)


def test_an_evaluation_that_does_not_say_its_network_is_named(tmp_path: Path, calibration: Path) -> None:
    run = json.loads((calibration / "run.json").read_text())
    (calibration / "run.json").write_text(json.dumps({**run, "weights": None}))
    folder = write_folder(tmp_path / "new", [("a", 0.9, None)])
    assert f"{calibration / 'run.json'} does not say which weights" in error(folder, "--calibration", calibration)


def test_a_mean_of_networks_is_judged_by_the_same_mean(tmp_path: Path, calibration: Path) -> None:
    members = [{"weights": NETWORK}, {"weights": {**NETWORK, "sha256": "b" * 64}}]
    folder = write_folder(tmp_path / "new", [("a", 0.9, None)], weights=None, about={"members": members})
    words = error(folder, "--calibration", calibration)
    assert "(sha256 bbbbbbbbbbbb), " in words
    assert "average the evaluations: dermaseg ensemble" in words
    run = json.loads((calibration / "run.json").read_text())
    mean = {**run, "weights": None, "about": {"members": members[::-1]}}
    (calibration / "run.json").write_text(json.dumps(mean))
    assert quality(folder, "--calibration", calibration).exit_code == 0


def test_training_images_and_the_prediction_itself_teach_nothing(tmp_path: Path, calibration: Path) -> None:
    assert "cannot be judged by itself" in error(calibration, "--calibration", calibration)
    run = json.loads((calibration / "run.json").read_text())
    (calibration / "run.json").write_text(json.dumps({**run, "config": {**run["config"], "split": "train"}}))
    folder = write_folder(tmp_path / "new", [("a", 0.9, None)])
    assert "training images, which the network knows" in error(folder, "--calibration", calibration)


def test_a_prediction_that_was_not_scored_teaches_nothing(tmp_path: Path) -> None:
    rows = [("c00", 0.9, None), ("c01", None, 0.9)]  # no Dice; no Dice that the network expected
    folder, bare = (write_folder(tmp_path / name, rows) for name in ("new", "bare"))
    words = error(folder, "--calibration", bare)
    assert "bare was not scored against references" in words


def test_an_evaluation_of_another_manifest_teaches_nothing(tmp_path: Path, calibration: Path) -> None:
    Manifest("other", "1", "CC0-1.0", (case("c00"),)).save(tmp_path / "other.json")
    folder = write_folder(tmp_path / "new", [("a", 0.9, None)])
    words = error(folder, "--calibration", calibration, "--manifest", tmp_path / "other.json")
    assert f"Case c01 of {calibration} is not in its manifest. Give the right one: --manifest FILE." in words


def test_the_page_of_the_prediction_is_drawn_again(tmp_path: Path, calibration: Path) -> None:
    folder = write_folder(tmp_path / "new", [("unsure", 0.89, None)])
    assert quality(folder, "--calibration", calibration).exit_code == 0
    assert not (folder / "index.html").exists()  # a prediction without a page gets none
    (folder / "index.html").write_text("before")
    assert quality(folder, "--calibration", calibration).exit_code == 0
    found = (folder / "index.html").read_text()
    assert "predicted Dice 0.89, at least 0.53" in found
    assert "right for 90 % of photographs; it cannot be told for which. 0.00 says nothing" in found
