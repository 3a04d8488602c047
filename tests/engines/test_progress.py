from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ignite.engine import Engine

from dermaseg_monai.engines import Progress
from dermaseg_monai.engines.progress import clock


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Late:
    """Makes a Progress once the evaluator exists."""

    def __init__(self, output_dir: Path) -> None:
        self.output_dir = output_dir

    def attach(self, engine: Any) -> None:  # noqa: ANN401
        handlers = [entry[0] for entries in engine._event_handlers.values() for entry in entries]
        validator = next(handler.validator for handler in handlers if hasattr(handler, "validator"))
        Progress(validator, self.output_dir, SimpleNamespace(view_command="mlflow ui --there")).attach(engine)


def test_one_line_per_epoch_and_a_summary_at_the_end(
    build: Callable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, max_epochs=2, scores=[0.75, 0.5], handlers=[Late(tmp_path)]).trainer.run()
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("epoch 1/2  loss 0.")
    assert "threshold Jaccard 0.7500" in lines[0]
    assert lines[0].endswith("best so far")
    assert "threshold Jaccard 0.5000" in lines[1]
    assert not lines[1].endswith("best so far")
    assert "best validation (epoch 1): threshold Jaccard 0.7500" in lines
    assert any(str(tmp_path / "model.safetensors") in line for line in lines)
    assert any("mlflow ui --there" in line for line in lines)
    assert f"resume:    the same command with --resume {tmp_path / 'last.ckpt'} --max_epochs N" in lines
    assert err == ""


def test_a_resumed_run_says_so_and_keeps_the_best_of_before(
    build: Callable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, max_epochs=1, scores=[0.9]).trainer.run()
    build(tmp_path, max_epochs=2, scores=[0.5], handlers=[Late(tmp_path)], resume=tmp_path / "last.ckpt").trainer.run()
    out = capsys.readouterr().out
    assert out.startswith("resumed after epoch 1 of 2")
    assert "best validation (epoch 1): threshold Jaccard 0.9000" in out


def test_on_a_terminal_a_bar_moves_and_leaves_no_trace(
    build: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    build(tmp_path, max_epochs=1, handlers=[Late(tmp_path)]).trainer.run()
    drawn = terminal.getvalue()
    assert "epoch 1/1" in drawn
    assert "left" in drawn
    assert drawn.index("\x1b[?25l") < drawn.rindex("\x1b[?25h")  # the cursor was hidden and is back
    assert drawn.endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0:00:00"), (65, "0:01:05"), (59.6, "0:01:00"), (7265, "2:01:05"), (90_000, "25:00:00")],
)
def test_durations_read_as_a_clock(seconds: float, text: str) -> None:
    assert clock(float(seconds)) == text


def test_progress_needs_no_epoch_length() -> None:
    engine = Engine(lambda _engine, _batch: None)
    engine.state.epoch_length = None
    assert Progress(engine, "x")._left_s(engine) == 0
