import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments import Job, Outcome
from dermaseg_monai.experiments.lock import held
from dermaseg_monai.experiments.study import Study, plan_table
from dermaseg_monai.files import sha256_of, write_json
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest
from dermaseg_monai.tracking.delivery import connect
from tests.experiments.small_ablation import finish, make_runs, small_spec


class Hands:
    """An executor that fills folders by hand; the names in `failing` fail, `stop_at` is interrupted."""

    def __init__(self, study: Study, failing: Sequence[str] = (), stop_at: str | None = None) -> None:
        self.study, self.failing, self.stop_at = study, failing, stop_at
        self.asked: list[str] = []

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        for job in jobs:
            self.asked.append(job.name)
            if job.name == self.stop_at:
                raise KeyboardInterrupt
            if job.name in self.failing:
                write_json(job.folder / "failed.json", {"name": job.name, "error": "train: No disk."})
                yield Outcome(job.name, ok=False, seconds=1.0, error="train: No disk.")
                continue
            (run,) = [run for run in self.study.runs if run.name == job.name]
            finish(run, [0.5, 0.7])
            (job.folder / "failed.json").unlink(missing_ok=True)
            yield Outcome(job.name, ok=True, seconds=1.0)


@pytest.fixture(autouse=True)
def quiet_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "true")


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One store for all tests: its tables take seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


@pytest.fixture
def study(tmp_path: Path, uri: str) -> Study:
    def record(name: str) -> FileRecord:
        (tmp_path / name).write_bytes(name.encode())
        return FileRecord(name, sha256_of(tmp_path / name), size_px=(4, 4))

    cases = tuple(
        Case(name, record(f"{name}.jpg"), (Annotation(record(f"{name}.png")),), "val") for name in ("c1", "c2")
    )
    Manifest("tiny", "1", None, cases).save(tmp_path / "manifest.json")
    runs = make_runs(tmp_path / "runs", str(tmp_path / "manifest.json"), uri)
    return Study(small_spec(), runs, tmp_path / "runs", tmp_path / "results", 1)


def run(study: Study, hands: Hands, *, retry_failed: bool = False) -> tuple[bool, str]:
    out = io.StringIO()
    return study.run(hands, retry_failed=retry_failed, console=Console(file=out, width=200)), out.getvalue()


def parents(study: Study, uri: str) -> list[Any]:
    del study
    client = connect(uri)
    found = client.get_experiment_by_name("ablation small")
    return client.search_runs([found.experiment_id], order_by=["attributes.start_time DESC"])


def test_every_run_is_run_once_and_summarised(study: Study, uri: str) -> None:
    hands = Hands(study)
    whole, said = run(study, hands)
    assert whole
    assert hands.asked == ["a-seed0", "a-seed1", "b-seed0", "b-seed1"]
    assert "4/4  b-seed1  done in 0:00:01  Jaccard 0.600, threshold Jaccard 0.600" in said
    assert "summary: " in said
    assert (study.results / "summary.md").is_file()
    newest = parents(study, uri)[0]
    assert newest.info.status == "FINISHED"
    assert newest.data.metrics["a/jaccard"] == pytest.approx(0.6)
    assert newest.data.metrics["runs_done"] == 4
    listed = {found.path for found in connect(uri).list_artifacts(newest.info.run_id)}
    assert listed == {"spec.yaml", "summary"}

    again = Hands(study)
    assert run(study, again)[0]
    assert again.asked == []
    assert [one.info.run_id for one in parents(study, uri)].count(newest.info.run_id) == 1
    assert parents(study, uri)[0].info.run_id == newest.info.run_id


def test_a_failed_run_is_named_left_alone_and_retried_when_asked(study: Study, uri: str) -> None:
    whole, said = run(study, Hands(study, failing=["b-seed0"]))
    assert not whole
    assert "3/4  b-seed0  FAILED after 0:00:01  train: No disk." in said
    assert "failed: b-seed0: train: No disk." in said
    assert "--retry-failed" in said
    assert "`b-seed0`: failed: train: No disk." in (study.results / "summary.md").read_text()
    (noted,) = parents(study, uri)[:1]
    assert noted.info.status == "FAILED"
    left = Hands(study)
    assert not run(study, left)[0]
    assert left.asked == []
    retried = Hands(study)
    assert run(study, retried, retry_failed=True)[0]
    assert retried.asked == ["b-seed0"]
    assert connect(uri).get_run(noted.info.run_id).info.status == "FINISHED"


def test_an_interrupted_study_says_so_and_goes_on(study: Study, uri: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(study, Hands(study, stop_at="b-seed0"))
    noted = parents(study, uri)[0]
    assert noted.info.status == "KILLED"
    hands = Hands(study)
    assert run(study, hands)[0]
    assert hands.asked == ["b-seed0", "b-seed1"]
    assert connect(uri).get_run(noted.info.run_id).info.status == "FINISHED"


def test_two_at_once_are_refused(study: Study) -> None:
    with held(study.folder, patience_s=0.0), pytest.raises(DataError, match=r"Another process works in .*runs"):
        run(study, Hands(study))


def test_a_store_that_is_away_stops_nothing(
    study: Study, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    away = make_runs(tmp_path / "runs", study.runs[0].manifest, "http://127.0.0.1:9")
    hands = Hands(Study(study.spec, away, study.folder, study.results, 1))
    assert run(hands.study, hands)[0]
    assert "http://127.0.0.1:9 does not answer" in caplog.text
    assert not (study.folder / "parent.json").exists()


def test_the_plan_says_what_is_done(study: Study) -> None:
    finish(study.runs[0], [0.5, 0.7])
    write_json(study.runs[1].folder / "failed.json", {"error": "x"})
    lines = plan_table(study.runs).plain().splitlines()
    assert [line.split()[-1] for line in lines[1:4]] == ["done", "failed", "started"]
    assert lines[-1] == "4 runs."
