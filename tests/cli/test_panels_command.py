import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from dermaseg_monai.bundle.roots import bundle_root, project_path
from dermaseg_monai.cli import app, main
from dermaseg_monai.cli.checkpoint import Checkpoint
from dermaseg_monai.cli.folder_data import data_of
from dermaseg_monai.errors import ConfigError
from tests.report.study import Study, make_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)


def draw(*words: object) -> Result:
    done = CliRunner().invoke(app, ["panels", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> str:
    monkeypatch.setattr(sys, "argv", ["dermaseg", "panels", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("dermaseg: error: ")
    assert error.count("\n") == 1
    return error


def pictures(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_a_prediction_folder_is_drawn_with_the_manifest_its_run_names(study: Study) -> None:
    done = draw(study.predictions, "--contact-sheet", 1)
    assert done.exit_code == 0
    assert pictures(study.predictions / "panels") == ["cases/a.png", "cases/b.png", "cases/c.png", "contact_sheet.png"]
    assert "Wrote" in done.output


def test_single_cases_are_drawn_alone(study: Study, tmp_path: Path) -> None:
    draw(study.predictions, "--case", "b", "--case", "b", "--out", tmp_path / "out")
    assert pictures(tmp_path / "out") == ["cases/b.png"]


def test_nothing_of_the_files_metadata_is_in_the_pictures(study: Study) -> None:
    assert b"name of a patient" in (study.root / "images" / "a.jpg").read_bytes()
    draw(study.predictions, "--case", "a", "--contact-sheet", 1)
    assert pictures(study.predictions / "panels") == ["cases/a.png", "contact_sheet.png"]
    for path in (study.predictions / "panels").rglob("*.png"):
        with Image.open(path) as picture:
            assert not picture.getexif()
            assert not picture.info
        assert b"name of a patient" not in path.read_bytes()


def test_a_case_with_a_hostile_id_stays_in_the_folder(study: Study, tmp_path: Path) -> None:
    hostile = "$x_{<b>; rm -rf .."
    manifest = json.loads(study.manifest.read_text())
    manifest["cases"][0]["id"] = hostile
    study.manifest.write_text(json.dumps(manifest))
    study.write_rows([{**row, "case_id": hostile if row["case_id"] == "a" else row["case_id"]} for row in study.rows()])
    draw(study.predictions, "--case", hostile, "--out", tmp_path / "out")
    assert pictures(tmp_path / "out") == ["cases/a.png"]


def test_cases_that_cannot_be_shown_are_named(study: Study) -> None:
    rows = study.rows()
    rows[1] |= {"status": "failed", "reason": "b.jpg is cut short", "file": "", "jaccard": ""}
    study.write_rows(rows)
    (study.root / "images" / "c.jpg").unlink()
    done = draw(study.predictions, "--contact-sheet", 1)
    assert done.exit_code == 0
    assert "Not in the ranking: 'b': b.jpg is cut short" in done.output
    assert "Not drawn: " in done.output
    assert "c.jpg does not exist" in done.output.replace("\n", "")


def test_paths_that_are_nothing_are_refused_in_one_line(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"There is no {tmp_path / 'nowhere'}" in refused(monkeypatch, capsys, tmp_path / "nowhere")
    assert "neither a prediction folder" in refused(monkeypatch, capsys, study.root)
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "last.ckpt").touch()
    assert "its training has saved none yet" in refused(monkeypatch, capsys, tmp_path / "early" / "last.ckpt")
    assert "No case 'z' among the 3" in refused(monkeypatch, capsys, study.predictions, "--case", "z")


def test_a_checkpoint_without_its_configuration_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "model.safetensors"
    weights.touch()
    assert "has no configuration beside it" in refused(monkeypatch, capsys, weights)
    (tmp_path / "run.json").write_text("{")
    assert "run.json cannot be read" in refused(monkeypatch, capsys, tmp_path)
    (tmp_path / "run.json").write_text("[]")
    assert "holds a list, not an object" in refused(monkeypatch, capsys, tmp_path)


def test_a_prediction_folder_that_names_no_pictures_asks_for_them(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (study.predictions / "run.json").unlink()
    assert "--manifest FILE --dataset-dir FOLDER" in refused(monkeypatch, capsys, study.predictions)
    given = ("--manifest", study.manifest, "--dataset-dir", study.root)
    assert draw(study.predictions, "--case", "a", *given).exit_code == 0


def test_a_strangers_record_names_pictures_and_calls_nothing(study: Study) -> None:
    call = {"_target_": "os.system", "command": f"touch {study.root / 'ran'}"}
    (study.predictions / "run.json").write_text(json.dumps({"config": {"manifest": call, "dataset_dir": "d"}}))
    with pytest.raises(ConfigError, match="does not say which cases were predicted"):
        draw(study.predictions)
    assert not (study.root / "ran").exists()


def test_the_places_of_a_sheet_are_found_without_building_it() -> None:
    sheet = json.loads((Path(bundle_root("ba_deeplab")) / "configs" / "train.json").read_text(encoding="utf-8"))
    demo = Path(project_path("data/demo"))
    assert data_of(sheet) == (demo / "manifest.json", demo)
    assert data_of({"manifest": "@a", "a": "@b", "b": "m.json", "dataset_dir": "d"}) == (Path("m.json"), Path("d"))
    assert data_of({"manifest": "@a", "a": "@manifest", "dataset_dir": "d"}) is None
    assert data_of({"manifest": "m.json"}) is None
    assert data_of([]) is None


def make_run(study: Study, **config: object) -> Path:
    """Weights and their record beside the prediction folder of the study."""
    folder = study.predictions.parent
    (folder / "model.safetensors").touch()
    os.utime(folder / "model.safetensors", (1, 1))
    (folder / "run.json").write_text(json.dumps({"bundle": "ba_deeplab", "config": {"seed": 0, **config}}))
    return folder


def test_a_run_that_was_evaluated_is_not_evaluated_again(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(study)
    monkeypatch.setattr(Checkpoint, "evaluate", None)
    (run / "last.ckpt").touch()
    for path in (run, run / "model.safetensors", run / "last.ckpt"):
        assert draw(path, "--case", "a", "--out", run / "out").exit_code == 0


def test_weights_newer_than_their_evaluation_are_evaluated_again(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(study)
    table = study.predictions / "cases.csv"
    later = table.stat().st_mtime + 10
    os.utime(run / "model.safetensors", (later, later))
    asked: list[tuple[Path, str]] = []
    monkeypatch.setattr(Checkpoint, "evaluate", lambda _self, folder, split, **_data: asked.append((folder, split)))
    assert "Evaluating" in draw(run, "--case", "a").output
    assert asked == [(study.predictions, "test")]


def test_another_manifest_has_a_folder_of_its_own(study: Study) -> None:
    found = Checkpoint.find(make_run(study))
    assert found.prediction_folder("val") == study.predictions.with_name("evaluate_val")
    other = found.prediction_folder("val", study.manifest)
    assert other.name.startswith("evaluate_val_")
    assert len(other.name) == len("evaluate_val_") + 8


def test_the_evaluation_is_started_with_the_runs_own_sheet_and_without_code_in_sheets(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dermaseg_monai.cli import checkpoint  # noqa: PLC0415

    started: list[tuple[list[str], dict[str, str]]] = []

    class Done:
        returncode, stderr = 0, ""

    def run(command: list[str], *, env: dict[str, str], **_options: object) -> Done:
        started.append((command, env))
        return Done()

    monkeypatch.setattr(checkpoint.subprocess, "run", run)
    folder = make_run(study, resume="last.ckpt", run_name="mine", tracking_uri="http://***@host", image_size=64)
    Checkpoint.find(folder).evaluate(folder / "new", "val", manifest=study.manifest, dataset_dir=None)
    ((command, env),) = started
    assert command[1:5] == ["-m", "monai.bundle", "run", "evaluating"]
    assert {"--split=val", f"--output_dir={folder / 'new'}", f"--manifest={study.manifest}"} <= set(command)
    assert env["MONAI_EVAL_EXPR"] == "0"
    sheet = json.loads((folder / "new" / "trained_with.json").read_text())
    assert sheet == {
        "seed": 0,
        "image_size": 64,
        "resume": None,
        "run_name": None,
        "tracking_uri": {"_target_": "dermaseg_monai.bundle.tracking_uri"},
    }


@pytest.mark.parametrize(
    "config",
    [
        {"network_def": {"_target_": "os.system", "command": "touch {here}/ran"}},
        {"network_def#_target_": "os.system"},
        {"network_def": {"_target_": "@dataset_dir"}, "dataset_dir": "os.system"},
        {"network_def": {"_target_": "dermaseg_monai.files.os.system"}},
        {"train": ["%{here}/stranger.json::network_def"]},
        {"seed": "$print(1)"},
    ],
)
def test_a_strangers_sheet_beside_weights_runs_nothing(study: Study, config: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"run\.json names .*no sheet of the bundle ba_deeplab"):
        Checkpoint.find(make_run(study, **config))


def test_the_sheets_of_the_bundle_are_its_own(study: Study) -> None:
    for path in Path(bundle_root("ba_deeplab")).glob("configs/*.json"):
        if path.name != "metadata.json":
            Checkpoint.find(make_run(study, **json.loads(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("bundle", ["/evil", "../evil", "..", ""])
def test_a_bundle_is_a_name_and_no_place(study: Study, bundle: str) -> None:
    run = make_run(study)
    (run / "run.json").write_text(json.dumps({"bundle": bundle, "config": {"seed": 0}}))
    with pytest.raises(ConfigError, match="names no bundle"):
        Checkpoint.find(run)


def test_what_a_failed_evaluation_said_is_passed_on(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dermaseg_monai.cli import checkpoint  # noqa: PLC0415

    class Done:
        returncode, stderr = 1, "UserWarning: x\ndermaseg: error: The manifest is gone.\n"

    monkeypatch.setattr(checkpoint.subprocess, "run", lambda *_words, **_options: Done())
    words = (make_run(study), "--split", "val")
    assert "The evaluation failed: The manifest is gone." in refused(monkeypatch, capsys, *words)


def test_help_says_what_the_command_takes() -> None:
    assert "--contact-sheet" in draw("--help").output
    assert draw("x", "--split", "train").exit_code == 2
    assert draw("x", "--contact-sheet", "0").exit_code == 2


def test_a_prediction_without_references_is_sent_to_its_page_or_its_overlays(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (study.predictions / "run.json").write_text("{}")
    assert "the outlines alone" not in refused(monkeypatch, capsys, study.predictions)
    (study.predictions / "overlays").mkdir()
    for name in ("overlays", "index.html"):
        (study.predictions / name).touch()
        error = refused(monkeypatch, capsys, study.predictions)
        assert error.endswith(
            "Give them: --manifest FILE --dataset-dir FOLDER. "
            f"Panels show references too; the outlines alone are in {study.predictions / name}.\n"
        )
