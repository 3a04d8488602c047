import shutil
import socket
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def quiet_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")


def agreement(*words: object):  # noqa: ANN201
    return CliRunner().invoke(app, ["agreement", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo") / "set", n=12, seed=0)


@pytest.mark.slow
def test_figures_tables_and_page_go_to_mlflow_and_patients_do_not(demo: Path, tmp_path: Path) -> None:
    out, uri = tmp_path / "out", f"sqlite:///{tmp_path}/mlflow.db"
    done = agreement("--manifest", demo, "--out", out, "--tracking-uri", uri)
    assert done.exit_code == 0, done.output
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("agreement")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    mean = pd.read_csv(out / "pairs.csv")["dice"].mean()
    assert run.data.metrics["different_people_dice"] == pytest.approx(mean)
    sent = {Path(one.path).name for one in client.list_artifacts(run.info.run_id, "agreement")}
    assert {"index.html", "summary.json", "annotators.csv", "flags.csv"} <= sent
    assert not sent & {"pairs.csv", "masks.csv", "errors.csv", "copies.csv"}
    for one in client.list_artifacts(run.info.run_id, "agreement"):
        text = Path(client.download_artifacts(run.info.run_id, one.path, str(tmp_path))).read_text()
        assert str(demo.parent) not in text, one.path


@pytest.mark.slow
def test_a_dead_server_does_not_cost_the_study(demo: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = agreement("--manifest", demo, "--out", tmp_path, "--tracking-uri", f"http://127.0.0.1:{port}")
    assert done.exit_code == 0, done.output
    assert {"index.html", "pairs.csv", "summary.json"} <= {path.name for path in tmp_path.iterdir()}


def test_a_wrong_address_is_said_before_anything_is_measured(demo: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--tracking_uri"):
        agreement("--manifest", demo, "--out", tmp_path / "out", "--tracking-uri", "runs/here")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_masks_shows_the_photographs_of_another(demo: Path, tmp_path: Path) -> None:
    words = ["--root", demo.parent / "annotations", "--pattern", "{annotator}/{case}.png", "--out", tmp_path]
    assert agreement(*words).exit_code == 0
    assert "No photograph was given" in (tmp_path / "index.html").read_text()
    assert agreement(*words, "--images", demo.parent / "images").exit_code == 0
    assert "No photograph was given" not in (tmp_path / "index.html").read_text()
    with pytest.raises(DataError, match="--images"):
        agreement(*words, "--images", tmp_path / "nowhere")


def test_the_page_begins_with_the_readers_and_with_what_was_left_out(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(demo.parent / "annotations", tmp_path / "root")
    names = sorted(path.name for path in (tmp_path / "root").iterdir())
    first = tmp_path / "root" / names[0]
    upper = min(first.iterdir())
    upper.rename(first / upper.name.upper())  # another case by its name
    (first / "._x.png").write_bytes(b"Mac OS X")
    words = ["--root", tmp_path / "root", "--pattern", "{annotator}/{case}.png", "--out", tmp_path / "out"]
    assert agreement(*words).exit_code == 0
    top = (tmp_path / "out" / "index.html").read_text().split("<h2>")[0]
    outlines = len(list(first.glob("[!.]*")))
    assert f"Outlines of {len(names)} readers: " in top
    assert f"<b>{names[0]}</b> {outlines}</span>" in top
    assert "Left out: 1 images are hidden or do not fit" in top
    assert f"count as different cases: {upper.stem.upper()} – {upper.stem}." in top


def test_an_ending_that_would_leave_out_a_reader_is_one_line_and_writes_nothing(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(demo.parent / "annotations", tmp_path / "root")
    first = min((tmp_path / "root").iterdir())
    for path in first.iterdir():
        path.rename(path.with_suffix(".bmp"))
    words = ["--root", tmp_path / "root", "--out", tmp_path / "out", "--pattern"]
    with pytest.raises(DataError, match=rf"all of {first.name} .*--pattern '{{annotator}}/{{case}}'"):
        agreement(*words, "{annotator}/{case}.png")
    assert not (tmp_path / "out").exists()
    assert agreement(*words, "{annotator}/{case}").exit_code == 0


def test_a_page_that_cannot_be_drawn_does_not_cost_the_tables(demo: Path, tmp_path: Path) -> None:
    own = tmp_path / "set"
    shutil.copytree(demo.parent, own)
    (tmp_path / "out" / "index.html").mkdir(parents=True)  # in the way
    done = agreement("--manifest", own / demo.name, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "without its page" in done.output
    assert (tmp_path / "out" / "pairs.csv").is_file()
