import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from PIL import Image

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest
from dermaseg_monai.tracking import MLflowTracker
from dermaseg_monai.tracking.delivery import connect
from dermaseg_monai.tracking.entries import End, Metrics, Status
from dermaseg_monai.tracking.process import ALIVE_TAG, BORN_TAG, ENDED_TAG, HOST_TAG, PID_TAG, owner_tags
from dermaseg_monai.tracking.spool import Spool, spool_name


@dataclass(frozen=True)
class Sheet:
    files: tuple[str, ...] = ("train.json",)
    overrides: Mapping[str, Any] = field(default_factory=lambda: {"max_epochs": 2})
    config: Mapping[str, Any] = field(default_factory=lambda: {"max_epochs": 2, "api_key": "hunter2"})


MakeTracker = Callable[..., MLflowTracker]


@pytest.fixture
def make(store: str, tmp_path: Path) -> MakeTracker:
    def make(**changes: Any) -> MLflowTracker:  # noqa: ANN401
        values = {"tracking_uri": store, "experiment": "ba_deeplab", "output_dir": tmp_path / "run", "sheet": Sheet()}
        return MLflowTracker(**{**values, **changes})

    return make


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    def record(name: str) -> FileRecord:
        (tmp_path / name).write_bytes(name.encode())
        return FileRecord(f"patient_smith/{name}", sha256_of(tmp_path / name), size_px=(4, 4))

    case = Case("c1", record("a.jpg"), (Annotation(record("a.png")),), "train", patient_id="smith")
    path = tmp_path / "manifest.json"
    Manifest("tiny", "1", None, (case,)).save(path)
    return path


def runs(uri: str) -> list[Any]:
    client = connect(uri)
    return client.search_runs([found.experiment_id for found in client.search_experiments()], order_by=["start_time"])


def seconds_ago(seconds: int) -> str:
    return f"{time.time() - seconds:.0f}"


def artefact(uri: str, run_id: str, path: str, folder: Path) -> str:
    return Path(connect(uri).download_artifacts(run_id, path, str(folder))).read_text()


def test_a_tracker_that_never_starts_leaves_nothing(make: MakeTracker, store: str, tmp_path: Path) -> None:
    tracker = make()
    tracker.log_metrics({"a": 1}, step=1)
    tracker.end("FINISHED")
    assert runs(store) == []
    assert not (tmp_path / "run").exists()


def test_a_finished_run_holds_everything(
    make: MakeTracker, store: str, tmp_path: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    tracker = make(manifest=manifest, seed=7)
    tracker.start(device="cpu")
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "run" / "p.png")
    (tmp_path / "run" / "model.safetensors").write_bytes(b"weights")
    tracker.log_metrics({"loss": 0.5, "bad": float("inf")}, step=3)
    tracker.log_picture(tmp_path / "run" / "p.png", key="panels/c1", step=3)
    tracker.note_figures({"val_dice": 0.9})
    tracker.end("FINISHED")

    (run,) = runs(store)
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("ba_deeplab 20")
    assert run.data.metrics["loss"] == 0.5
    assert "bad" not in run.data.metrics
    digest = Manifest.load(manifest).digest
    assert run.data.params == {
        "max_epochs": "2",
        "api_key": "***",
        "device": "cpu",
        "seed": "7",
        "manifest": "tiny 1",
        "manifest_digest": digest,
        "cases/train": "1",
    }
    (dataset,) = run.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.digest) == ("tiny 1", digest[:32])
    listed = {found.path for found in connect(store).list_artifacts(run.info.run_id)}
    assert {"config.json", "overrides.json", "packages.txt", "run.json", "manifest", "images", "model"} <= listed
    table = artefact(store, run.info.run_id, "manifest/manifest_files.csv", elsewhere)
    assert table.splitlines() == [
        "case_id,split,image_sha256,label_sha256",
        f"c1,train,{sha256_of(tmp_path / 'a.jpg')},{sha256_of(tmp_path / 'a.png')}",
    ]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["figures"] == {"val_dice": 0.9}
    assert run.info.artifact_uri.startswith((tmp_path / "mlruns").as_uri())


@pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
def test_the_record_of_an_earlier_prediction_stays_until_the_new_one_is_whole(
    make: MakeTracker, store: str, tmp_path: Path, status: Status
) -> None:
    record = tmp_path / "run" / "run.json"
    record.parent.mkdir()
    record.write_text('{"threshold": 0.5}')
    tracker = make()
    tracker.start(job="evaluation")
    assert json.loads(record.read_text()) == {"threshold": 0.5}
    tracker.end(status)
    found = json.loads(record.read_text())
    assert found["threshold"] == 0.5
    assert ("config" in found) == (status == "FINISHED")
    (run,) = runs(store)
    assert json.loads(artefact(store, run.info.run_id, "run.json", tmp_path))["config"]["max_epochs"] == 2
    assert run.info.run_name.startswith("ba_deeplab evaluation 2")
    assert run.data.tags["dermaseg.job"] == "evaluation"


def test_the_record_goes_with_a_prediction_that_was_whole_when_the_evaluation_was_stopped(
    make: MakeTracker, tmp_path: Path
) -> None:
    tracker = make()
    tracker.start(job="evaluation")
    (tmp_path / "run" / "run.json").write_text('{"threshold": 0.3}')
    tracker.end("KILLED")
    found = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (found["threshold"], found["config"]["max_epochs"]) == (0.3, 2)


def test_nothing_secret_and_no_patient_is_logged(make: MakeTracker, store: str, tmp_path: Path, manifest: Path) -> None:
    tracker = make(manifest=manifest)
    tracker.start()
    tracker.end("FINISHED")
    everything = [Path(store.removeprefix("sqlite:///")).read_bytes()]
    for folder in ("mlruns", "run"):
        everything += [path.read_bytes() for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert len(everything) > 4
    assert not any(b"hunter2" in part or b"smith" in part for part in everything)


def test_every_start_is_a_new_run(make: MakeTracker, store: str) -> None:
    for _ in range(2):
        tracker = make()
        tracker.start()
        tracker.end("FINISHED")
    found = runs(store)
    assert len(found) == 2
    assert found[0].info.run_id != found[1].info.run_id


def test_a_run_that_is_open_is_not_opened_again(make: MakeTracker, store: str) -> None:
    tracker = make()
    for is_running in (False, True):
        assert tracker.is_running == is_running
        tracker.start()
    tracker.end("FINISHED")
    assert not tracker.is_running
    assert len(runs(store)) == 1


def test_a_record_that_cannot_be_written_does_not_hide_how_the_run_ended(
    make: MakeTracker, store: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = make()
    tracker.start()
    (tmp_path / "run" / "run.json").unlink()
    (tmp_path / "run" / "run.json").mkdir()
    tracker.end("FAILED")
    (run,) = runs(store)
    assert run.info.status == "FAILED"
    assert f"Cannot write {tmp_path / 'run' / 'run.json'}" in caplog.text


def test_a_child_is_shown_under_its_parent(make: MakeTracker, store: str) -> None:
    tracker = make(parent_run="f" * 32)
    tracker.start()
    tracker.end("FINISHED")
    (run,) = runs(store)
    assert run.data.tags["mlflow.parentRunId"] == "f" * 32


def test_a_resume_goes_on_with_its_run(make: MakeTracker, store: str, tmp_path: Path) -> None:
    first = make()
    first.start()
    first.log_metrics({"loss": 0.5}, step=1)
    kept = first.state_dict()
    first.end("KILLED")
    again = make(sheet=Sheet(config={"max_epochs": 9, "added": 1}))
    again.load_state_dict(kept)
    again.start()
    again.log_metrics({"loss": 0.25}, step=2)
    again.end("FINISHED")

    (run,) = runs(store)
    assert run.info.status == "FINISHED"
    points = connect(store).get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in points] == [(1, 0.5), (2, 0.25)]
    assert run.data.params["max_epochs"] == "2"  # as it began; MLflow refuses a change
    assert run.data.params["added"] == "1"
    assert json.loads((tmp_path / "run" / "config.json").read_text())["max_epochs"] == 2
    assert "resumed" in {found.path for found in connect(store).list_artifacts(run.info.run_id)}


def test_a_resume_sends_what_the_earlier_part_could_not(make: MakeTracker, store: str, tmp_path: Path) -> None:
    first = make()
    first.start()
    kept = first.state_dict()
    first.end("KILLED")
    Spool(tmp_path / "run" / spool_name(kept["key"])).write([Metrics({"loss": 0.5}, 1, 1000), End("KILLED", 1000)])
    again = make()
    again.load_state_dict(kept)
    again.start()
    again.end("FINISHED")
    (run,) = runs(store)
    assert (run.info.status, run.data.metrics["loss"]) == ("FINISHED", 0.5)


def figures(out: Path) -> dict[str, float]:
    return json.loads((out / "run.json").read_text())["figures"]


def test_a_resume_without_a_new_best_keeps_the_best_figures(make: MakeTracker, tmp_path: Path) -> None:
    first = make()
    first.start()
    first.note_figures({"val_dice": 0.9, "best_epoch": 3})
    torch.save(first.state_dict(), tmp_path / "extra")
    first.end("KILLED")
    again = make()
    again.load_state_dict(torch.load(tmp_path / "extra", weights_only=True))
    again.start()
    assert again.state_dict()["figures"] == {"val_dice": 0.9, "best_epoch": 3}  # a resume of the resume keeps them too
    again.end("FINISHED")
    assert figures(tmp_path / "run") == {"val_dice": 0.9, "best_epoch": 3}
    again.start()
    again.end("FINISHED")
    assert figures(tmp_path / "run") == {}  # a new run has none of the last one's


def test_a_checkpoint_that_keeps_no_figures_is_resumed_too(make: MakeTracker, tmp_path: Path) -> None:
    tracker = make()
    tracker.load_state_dict({"run_id": None, "key": "earlier", "system_step": 4})
    tracker.start()
    tracker.note_figures({"val_dice": 0.8})
    tracker.end("FINISHED")
    assert figures(tmp_path / "run") == {"val_dice": 0.8}


def test_a_resume_of_a_run_that_is_not_there_is_a_new_run(
    make: MakeTracker, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = make()
    tracker.load_state_dict({"run_id": "0" * 32, "key": "gone"})
    tracker.start()
    tracker.end("FINISHED")
    assert len(runs(store)) == 1
    assert "is not in this store: a new run is made" in caplog.text


def test_a_run_that_was_deleted_is_not_gone_on_with(make: MakeTracker, store: str) -> None:
    client = connect(store)
    deleted = client.create_run(client.create_experiment("ba_deeplab")).info.run_id
    client.set_terminated(deleted, "KILLED")
    client.delete_run(deleted)
    tracker = make()
    tracker.load_state_dict({"run_id": deleted, "key": "k"})
    tracker.start()
    tracker.end("FINISHED")
    assert [run.info.status for run in runs(store)] == ["FINISHED"]
    assert tracker.run_id != deleted


def test_a_run_that_is_still_at_work_is_not_continued(
    make: MakeTracker, store: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = make()
    first.start()
    end = time.monotonic() + 60
    while not runs(store) and time.monotonic() < end:
        time.sleep(0.05)
    second = make(output_dir=tmp_path / "second")
    second.load_state_dict(first.state_dict())
    second.start()
    second.end("FINISHED")
    first.end("FINISHED")
    assert len(runs(store)) == 2
    assert "is still at work: a new run is made" in caplog.text


def test_a_resumed_run_stays_one_run_when_a_call_fails_while_it_is_taken_over(
    make: MakeTracker, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(store)
    experiment = client.create_experiment("ba_deeplab")
    old = client.create_run(experiment, tags={**owner_tags(), BORN_TAG: "1.00"}).info.run_id
    tracker, set_tag, failed = make(), MlflowClient.set_tag, []

    def once(self: MlflowClient, run_id: str, key: str, value: str) -> None:
        set_tag(self, run_id, key, value)
        if key == BORN_TAG and not failed:
            failed.append(key)
            raise OSError("database is locked")

    monkeypatch.setattr(MlflowClient, "set_tag", once)
    tracker.load_state_dict({"run_id": old, "key": "before"})
    tracker.start()
    tracker.end("FINISHED")
    assert failed
    assert [(run.info.run_id, run.info.status) for run in runs(store)] == [(old, "FINISHED")]


def test_a_run_whose_process_is_gone_is_marked_killed_by_the_next(make: MakeTracker, store: str) -> None:
    client = connect(store)
    experiment = client.create_experiment("other")
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    mine = owner_tags()
    dead = client.create_run(experiment, tags={**mine, PID_TAG: done.stdout.decode().strip()}).info.run_id
    reused = client.create_run(experiment, tags={**mine, BORN_TAG: "1.00"}).info.run_id
    alive = client.create_run(experiment, tags=mine).info.run_id
    elsewhere = {**mine, HOST_TAG: "elsewhere"}
    foreign = client.create_run(experiment, tags=elsewhere).info.run_id
    silent = client.create_run(experiment, tags={**elsewhere, ALIVE_TAG: seconds_ago(601)}).info.run_id
    tracker = make()
    tracker.start()
    tracker.end("FINISHED")
    states = {run_id: client.get_run(run_id).info.status for run_id in (dead, reused, alive, foreign, silent)}
    ended = {dead: "KILLED", reused: "KILLED", silent: "KILLED"}
    assert states == {**ended, alive: "RUNNING", foreign: "RUNNING"}
    assert client.get_run(silent).data.tags[ENDED_TAG] == "found silent for 10 minutes by a later run"


@pytest.mark.parametrize(("silent_s", "count"), [(601, 1), (300, 2)])
def test_a_run_killed_in_a_container_is_gone_on_with_once_it_was_silent_for_10_minutes(
    make: MakeTracker, store: str, caplog: pytest.LogCaptureFixture, silent_s: int, count: int
) -> None:
    tags = {**owner_tags(), HOST_TAG: "container/1", ALIVE_TAG: seconds_ago(silent_s)}
    client = connect(store)
    killed = client.create_run(client.create_experiment("ba_deeplab"), tags=tags).info.run_id
    tracker = make()
    tracker.load_state_dict({"run_id": killed, "key": "k"})
    tracker.start()
    tracker.end("FINISHED")
    assert len(runs(store)) == count
    goes_on = count == 1
    assert client.get_run(killed).info.status == ("FINISHED" if goes_on else "RUNNING")
    assert (client.get_run(killed).data.tags[HOST_TAG] == "container/1") != goes_on  # its owner is this process now
    assert ("in another container, or was less than 10 minutes ago: a new run is made" in caplog.text) != goes_on


def test_an_open_run_gives_signs_of_life(make: MakeTracker, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dermaseg_monai.tracking.pulse._INTERVAL_S", 0.05)
    tracker = make()
    tracker.start()
    client = connect(store)
    end = time.monotonic() + 120
    while tracker.run_id is None and time.monotonic() < end:
        time.sleep(0.05)
    client.set_tag(str(tracker.run_id), ALIVE_TAG, "0")
    while client.get_run(str(tracker.run_id)).data.tags[ALIVE_TAG] == "0" and time.monotonic() < end:
        time.sleep(0.05)
    tracker.end("FINISHED")
    assert float(client.get_run(str(tracker.run_id)).data.tags[ALIVE_TAG]) > time.time() - 120


def test_a_file_store_is_refused_before_anything_is_trained(make: MakeTracker) -> None:
    with pytest.raises(ConfigError, match=r"--tracking_uri is './mlruns'.*sqlite:///"):
        make(tracking_uri="./mlruns")


def test_a_deleted_experiment_is_named_with_the_way_back(
    make: MakeTracker, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dermaseg_monai.tracking.tracker._PATIENCE_S", 0.2)
    client = connect(store)
    client.delete_experiment(client.create_experiment("ba_deeplab"))
    tracker = make()
    tracker.start()
    tracker.end("FINISHED")
    assert "mlflow experiments restore -x" in caplog.text
    assert list((tmp_path / "run").glob("tracking_unsent_*.jsonl"))


def test_other_ranks_log_nothing(make: MakeTracker, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dermaseg_monai.tracking.tracker._rank", lambda: 1)
    tracker = make()
    tracker.start()
    tracker.end("FINISHED")
    assert runs(store) == []


def test_system_metrics_are_sampled(make: MakeTracker, store: str) -> None:
    tracker = make(system_interval_s=0.05)
    tracker.start()
    end = time.monotonic() + 120
    while not tracker.state_dict()["system_step"] and time.monotonic() < end:
        time.sleep(0.05)
    tracker.end("FINISHED")
    (run,) = runs(store)
    assert 0 <= run.data.metrics["system/system_memory_usage_percentage"] <= 100


def test_the_process_is_the_owner_of_its_run() -> None:
    assert owner_tags()[PID_TAG] == str(os.getpid())


@pytest.mark.parametrize(
    ("uri", "command"),
    [
        ("sqlite:////tmp/mlflow.db", "mlflow ui --backend-store-uri sqlite:////tmp/mlflow.db"),
        ("sqlite:////tmp/ann's data/a.db", """mlflow ui --backend-store-uri 'sqlite:////tmp/ann'"'"'s data/a.db'"""),
        ("http://me:word@localhost:5000", "http://***@localhost:5000"),
    ],
)
def test_the_way_to_look_at_a_run_tells_no_login(tmp_path: Path, uri: str, command: str) -> None:
    assert MLflowTracker(tracking_uri=uri, experiment="e", output_dir=tmp_path).view_command == command


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"])
def test_a_store_that_lasts_no_longer_than_the_run_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigError, match="names no file: the run would be gone"):
        MLflowTracker(tracking_uri=uri, experiment="e", output_dir=tmp_path)


def test_a_store_with_options_is_taken(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/a.db?timeout=60"
    assert MLflowTracker(tracking_uri=uri, experiment="e", output_dir=tmp_path).tracking_uri == uri


def test_an_address_that_has_lost_its_login_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"http://\*\*\*@host, has lost its login.*--tracking_uri"):
        MLflowTracker(tracking_uri="http://***@host", experiment="e", output_dir=tmp_path)
