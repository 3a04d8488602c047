import io
import os
import time
from pathlib import Path

import pytest
from rich.console import Console

from dermaseg_monai.engines.progress import clock
from dermaseg_monai.experiments import Outcome
from dermaseg_monai.experiments.board import Board
from tests.experiments.small_ablation import finish, make_runs

LOG = "--- 2026-01-01 10:00:00 train\nepoch  1/20  loss 0.5  3.0 s  0:01:00 left\nepoch  2/20  loss 0.4  1:02:03 left\n"


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def board(folder: Path, out: io.StringIO, waiting: list[str], at_once: int = 1) -> Board:
    return Board(make_runs(folder), waiting, at_once=at_once, console=Console(file=out, width=200))


def drawn(board: Board, out: io.StringIO) -> list[str]:
    Console(file=out, width=200).print(board.table())
    return [line for line in out.getvalue().splitlines() if line.startswith("│")]


def test_every_state_is_told(tmp_path: Path, out: io.StringIO) -> None:
    shown = board(tmp_path, out, ["a-seed1", "b-seed0"])
    runs = {run.name: run for run in make_runs(tmp_path)}
    finish(runs["a-seed0"], [0.5, 0.7])
    runs["b-seed1"].folder.mkdir()
    (runs["b-seed1"].folder / "failed.json").write_text("{}")
    runs["a-seed1"].folder.mkdir()
    (runs["a-seed1"].folder / "log.txt").write_text(LOG)
    later = time.time() + 60
    os.utime(runs["a-seed1"].folder / "log.txt", (later, later))
    shown._look()
    done, running, waiting, failed = drawn(shown, out)
    assert "done" in done
    assert "0:00:03" in done  # 1.5 s of training, 1.5 s of evaluation
    assert "Jaccard 0.600" in done
    assert "running" in running
    assert "epoch 2/20, 1:02:03 left" in running
    assert "waiting" in waiting
    assert "failed" in failed


def test_a_training_that_will_take_days_is_counted_in_hours(tmp_path: Path, out: io.StringIO) -> None:
    shown = board(tmp_path, out, ["a-seed0"])
    log = make_runs(tmp_path)[0].folder / "log.txt"
    log.parent.mkdir()
    log.write_text(f"--- 2026-01-01 10:00:00 train\nepoch  1/20  loss 0.5  3.0 s  {clock(90_000.0)} left\n")
    later = time.time() + 60
    os.utime(log, (later, later))
    shown._look()
    assert shown._left_s() == 90_000.0
    assert "epoch 1/20, 25:00:00 left" in drawn(shown, out)[0]


def test_the_time_left_is_that_of_runs_of_the_same_network_shared_by_those_at_once(
    tmp_path: Path, out: io.StringIO
) -> None:
    runs = {run.name: run for run in make_runs(tmp_path)}
    assert board(tmp_path, out, ["a-seed1", "b-seed0", "b-seed1"])._left_s() is None
    finish(runs["a-seed0"], [0.5, 0.7])
    assert board(tmp_path, out, ["a-seed1", "b-seed0", "b-seed1"])._left_s() == pytest.approx(9.0)
    assert board(tmp_path, out, ["a-seed1", "b-seed0", "b-seed1"], at_once=3)._left_s() == pytest.approx(3.0)


def test_an_end_is_one_line(tmp_path: Path, out: io.StringIO) -> None:
    shown = board(tmp_path, out, ["a-seed0", "a-seed1"])
    shown.end(Outcome("a-seed0", ok=False, seconds=65.0, error="train: [bold]No disk."))
    (line,) = out.getvalue().splitlines()
    assert "1/2  a-seed0  FAILED after 0:01:05  train: [bold]No disk." in line
