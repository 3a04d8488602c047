import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.engines.prediction_record import done_row, write_record
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import Picture, write_mask, write_probability, write_rgb
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest
from dermaseg_monai.metrics import ProbabilitySums
from dermaseg_monai.tracking.delivery import connect


def ensemble(*words: object) -> str:
    done = CliRunner().invoke(app, ["ensemble", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def predicted(folder: Path, values: list[float], *, jaccard: float | None, config: dict[str, object]) -> Path:
    rows = {}
    for name in "ab":
        write_probability(folder / "probabilities" / f"{name}.png", np.array([values], dtype=np.float32))
        rows[name] = done_row(name, f"{name}.jpg", f"{name}.png", shape=(1, 3), sums=ProbabilitySums(0.9, 1.7, 1))
        rows[name] |= {} if jaccard is None else {"jaccard": jaccard}
    write_record(folder, rows, failed=0, threshold=0.5, weights=None, about={}, config=config)
    return folder


@pytest.fixture
def config(tmp_path: Path) -> dict[str, object]:
    write_mask(tmp_path / "a.png", np.array([[True, True, False]]))
    for name in "ab":
        write_rgb(tmp_path / f"{name}.jpg", np.full((1, 3, 3), 90, dtype=np.uint8))
    annotation = Annotation(FileRecord("a.png", "c" * 64))
    cases = tuple(Case(name, FileRecord(f"{name}.jpg", name * 64), (annotation,), "test") for name in "ab")
    Manifest("two", "1", None, cases).save(tmp_path / "set.json")
    where = {"manifest": str(tmp_path / "set.json"), "dataset_dir": str(tmp_path)}
    return {**where, "split": "test", "tolerance_px": 1.0}


def test_evaluations_give_a_scored_mean_that_compare_takes(config: dict[str, object], tmp_path: Path) -> None:
    one = predicted(tmp_path / "one", [0.9, 0.4, 0.4], jaccard=0.5, config=config)
    two = predicted(tmp_path / "two", [0.9, 0.8, 0.4], jaccard=1.0, config=config)
    said = ensemble(one, two, "--out", tmp_path / "mean")
    assert f"Wrote {tmp_path / 'mean'}: 2 predicted." in said
    assert len(list((tmp_path / "mean" / "overlays").iterdir())) == 2
    assert "by predicted Dice: a (0.77), b (0.77)" in said
    assert not (tmp_path / "mean" / "index.html").exists()  # scored: `dermaseg panels` has the references too
    summary = json.loads((tmp_path / "mean" / "summary.json").read_text())
    assert summary["scores"]["jaccard"]["mean"] == 1
    done = CliRunner().invoke(
        app, ["compare", f"a={tmp_path / 'mean'}", f"b={tmp_path / 'mean'}", "--out", str(tmp_path / "c")]
    )
    assert done.exit_code == 0, done.output


def test_a_mean_is_a_run_in_mlflow_and_keeps_what_it_says_of_itself(config: dict[str, object], tmp_path: Path) -> None:
    one = predicted(tmp_path / "one", [0.9, 0.4, 0.4], jaccard=0.5, config=config)
    two = predicted(tmp_path / "two", [0.9, 0.8, 0.4], jaccard=1.0, config=config)
    store = f"sqlite:///{tmp_path}/mlflow.db"
    said = ensemble(one, two, "--out", tmp_path / "mean", "--tracking-uri", store)
    assert f"Logged to MLflow: mlflow ui --backend-store-uri {store}" in said
    client = connect(store)
    (run,) = client.search_runs([found.experiment_id for found in client.search_experiments()])
    assert (run.info.status, run.data.metrics["test_jaccard"]) == ("FINISHED", 1.0)
    assert {file.path for file in client.list_artifacts(run.info.run_id, "evaluation")} >= {"evaluation/cases.csv"}
    said_of_itself = json.loads((tmp_path / "mean" / "run.json").read_text())
    assert said_of_itself["config"]["manifest"] == config["manifest"]
    assert [member["folder"] for member in said_of_itself["about"]["members"]] == [str(one), str(two)]


def test_a_mean_that_fails_is_no_finished_run(config: dict[str, object], tmp_path: Path) -> None:
    one = predicted(tmp_path / "one", [0.9, 0.4, 0.4], jaccard=0.5, config=config)
    two = predicted(tmp_path / "two", [0.9, 0.8, 0.4], jaccard=1.0, config=config)
    store = f"sqlite:///{tmp_path}/mlflow.db"
    ensemble(one, two, "--out", tmp_path / "mean")
    (two / "probabilities" / "b.png").unlink()
    with pytest.raises(DataError, match="1 of 2 cases have no mean, first b"):
        ensemble(one, two, "--out", tmp_path / "mean", "--tracking-uri", store)
    client = connect(store)
    (run,) = client.search_runs([found.experiment_id for found in client.search_experiments()])
    assert run.info.status == "FAILED"
    assert not (tmp_path / "mean" / "summary.json").exists()  # that of the mean before


def test_predictions_without_scores_give_a_mean_without_scores(tmp_path: Path) -> None:
    one = predicted(tmp_path / "one", [0.9, 0.4, 0.4], jaccard=None, config={})
    two = predicted(tmp_path / "two", [0.9, 0.8, 0.4], jaccard=None, config={})
    said = ensemble(one, two, "--out", tmp_path / "mean", "--threshold", "0.3")
    assert "Jaccard" not in said
    assert not (tmp_path / "mean" / "summary.json").exists()
    assert said.endswith(
        f"Open {tmp_path / 'mean' / 'index.html'} in a browser: every outline, the least sure first.\n"
    )
    page = (tmp_path / "mean" / "index.html").read_text()
    assert "mean of 2 networks: one, two" in page
    assert "predicted Dice 0.78, networks agree to 1.00" in page  # 2 (.9 + .6 + .4) / (1.9 + 3); all above 0.3
    assert json.loads((tmp_path / "mean" / "run.json").read_text())["threshold"] == 0.3


def test_scores_of_unknown_references_are_asked_for(tmp_path: Path) -> None:
    one = predicted(tmp_path / "one", [0.9, 0.4, 0.4], jaccard=0.5, config={})
    two = predicted(tmp_path / "two", [0.9, 0.8, 0.4], jaccard=0.5, config={})
    with pytest.raises(ConfigError, match=r"does not say which cases .*--manifest FILE --dataset-dir FOLDER"):
        ensemble(one, two, "--out", tmp_path / "mean")


def test_a_mean_of_volumes_has_no_page(tmp_path: Path) -> None:
    like = Picture(np.zeros((2, 2, 2), np.float32), affine=np.eye(4), header=nib.Nifti1Header())
    for name in ("one", "two"):
        write_probability(
            tmp_path / name / "probabilities" / "v.nii.gz", np.full((2, 2, 2), 0.6, np.float32), like=like
        )
        rows = {"v": done_row("v", "v.nii.gz", "v.nii.gz", shape=(2, 2, 2), sums=ProbabilitySums(4.8, 4.8, 8))}
        write_record(tmp_path / name, rows, failed=0, threshold=0.5, weights=None, about={})
    said = ensemble(tmp_path / "one", tmp_path / "two", "--out", tmp_path / "mean")
    assert "1 predicted" in said
    assert "Open" not in said
    assert not (tmp_path / "mean" / "index.html").exists()
