"""How a run ends, seen from outside: the exit code of the process and the state that MLflow shows."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.tracking.delivery import connect
from dermaseg_monai.tracking.send import main as send

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("small_run.py")


def start(out: Path, uri: str, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}
    command = [sys.executable, str(SCRIPT), str(out), uri, *words]
    return subprocess.Popen(  # noqa: S603
        command, stderr=subprocess.PIPE, text=True, env=environment, cwd=out.parent, start_new_session=True
    )


def runs(uri: str) -> list[Any]:
    client = connect(uri)
    return client.search_runs([found.experiment_id for found in client.search_experiments()], order_by=["start_time"])


@pytest.mark.parametrize(
    ("act", "code", "status"),
    [
        ("", 0, "FINISHED"),
        ("raise", 1, "FAILED"),
        ("exit1", 1, "FAILED"),
        ("SIGINT", 130, "KILLED"),
        ("SIGTERM", 143, "KILLED"),
        ("SIGHUP", 129, "KILLED"),
    ],
)
def test_exit_code_and_status_tell_the_same_story(store: str, tmp_path: Path, act: str, code: int, status: str) -> None:
    process = start(tmp_path / "run", store, act)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == code, errors
    (run,) = runs(store)
    assert run.info.status == status
    assert run.info.end_time is not None
    assert ("RuntimeError: out of memory" in errors) == (act == "raise")
    assert sorted(path.name for path in tmp_path.glob("mlruns*")) == ["mlruns"]


def test_sigterm_from_outside_in_mid_epoch_is_told_too(store: str, tmp_path: Path) -> None:
    process = start(tmp_path / "run", store, "wait")
    end = time.monotonic() + 200
    while not (tmp_path / "run" / "epoch_1").exists() and time.monotonic() < end:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=100)
    assert process.returncode == 143
    (run,) = runs(store)
    assert run.info.status == "KILLED"


def test_a_closed_terminal_reaches_the_loader_workers_too(store: str, tmp_path: Path) -> None:
    process = start(tmp_path / "run", store, "wait", "4", "2")
    end = time.monotonic() + 200
    while not (tmp_path / "run" / "epoch_1").exists() and time.monotonic() < end:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGHUP)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 129, errors
    (run,) = runs(store)
    assert run.info.status == "KILLED"


def test_a_run_killed_outright_is_told_by_the_next_one_and_not_continued(store: str, tmp_path: Path) -> None:
    process = start(tmp_path / "first", store, "SIGKILL")
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    process = start(tmp_path / "second", store, "")
    process.communicate(timeout=300)
    assert process.returncode == 0
    first, second = runs(store)
    assert (first.info.status, second.info.status) == ("KILLED", "FINISHED")
    history = connect(store).get_metric_history(second.info.run_id, "train_loss")
    assert [point.step for point in history] == [1, 2, 3, 4]


def test_two_runs_at_once_stay_two_runs(store: str, tmp_path: Path) -> None:
    processes = [start(tmp_path / name, store) for name in ("a", "b")]
    for process in processes:
        process.communicate(timeout=300)
    found = runs(store)
    assert [run.info.status for run in found] == ["FINISHED", "FINISHED"]
    for run in found:
        steps = [point.step for point in connect(store).get_metric_history(run.info.run_id, "train_loss")]
        assert steps == [1, 2, 3, 4]


def test_a_server_that_never_answers_changes_nothing_and_the_run_can_be_sent_later(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = start(tmp_path / "run", "http://127.0.0.1:9")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert errors.count("Tracking does not work at the moment") == 1
    (spool,) = (tmp_path / "run").glob("tracking_unsent_*.jsonl")
    assert f"python -m dermaseg_monai.tracking.send {spool}" in errors

    assert send([str(spool)]) == 1  # still nobody there
    assert "Start the server, try again" in capsys.readouterr().err
    assert spool.is_file()
    assert send([str(spool), "--tracking_uri", store]) == 0
    assert not spool.exists()
    (run,) = runs(store)
    assert run.info.status == "FINISHED"
    history = connect(store).get_metric_history(run.info.run_id, "train_loss")
    assert [point.step for point in history] == [1, 2, 3, 4]
