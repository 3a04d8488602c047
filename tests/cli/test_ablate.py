import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app, main
from dermaseg_monai.experiments import LocalExecutor
from dermaseg_monai.experiments.study import Study

SPEC = "name: try\ncommon: {network: ba_deeplab, max_epochs: 2}\ngrid: {loss: [ce_dice, dice], seed: [0, 1]}\n"


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    return str(path)


def error_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["dermaseg", "ablate", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix("dermaseg: error: ")


def test_a_dry_run_shows_the_runs_and_writes_nothing(spec: str, tmp_path: Path) -> None:
    words = [
        "ablate",
        spec,
        "--dry-run",
        "--set",
        "seed=[3]",
        "--set",
        "max_epochs=1",
        "--runs",
        str(tmp_path / "runs"),
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "ce_dice-seed3-" in done.output
    assert "2 runs." in done.output
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("whole", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_all_runs_are_done(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool, code: int
) -> None:
    seen: list[tuple[Study, object, bool]] = []

    def run(self: Study, executor: object, *, retry_failed: bool, console: object) -> bool:
        del console
        seen.append((self, executor, retry_failed))
        return whole

    monkeypatch.setattr(Study, "run", run)
    words = ["--jobs", "2", "--retry-failed", "--runs", str(tmp_path / "r"), "--out", str(tmp_path / "o")]
    assert CliRunner().invoke(app, ["ablate", spec, *words]).exit_code == code
    ((study, executor, retry),) = seen
    assert isinstance(executor, LocalExecutor)
    assert (executor.at_once, retry, study.at_once) == (2, True, 2)
    assert (study.folder, study.results, len(study.runs)) == (tmp_path / "r", tmp_path / "o", 4)


def test_ctrl_c_says_how_to_go_on(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: Study, executor: object, *, retry_failed: bool, console: object) -> bool:
        del self, executor, retry_failed, console
        raise KeyboardInterrupt

    monkeypatch.setattr(Study, "run", run)
    done = CliRunner().invoke(app, ["ablate", spec])
    assert done.exit_code == 130
    assert "The same command goes on" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none.yaml",), r"Cannot read the spec none.yaml"),
        (("los",), "unknown ablation 'los'. Did you mean loss?"),
        (("SPEC", "10.0.0.1:6379"), "'10.0.0.1:6379' is one word too many"),
        (("SPEC", "--set", "max_epochs"), "--set max_epochs: expected KEY=VALUE"),
        (("SPEC", "--set", "max_epoch=1"), "Did you mean --max_epochs?"),
        (("SPEC", "--set", "loss=dise"), "unknown loss 'dise'. Did you mean dice?"),
    ],
)
def test_bad_input_is_one_line(
    spec: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    given = [spec if word == "SPEC" else word for word in words]
    assert said in error_of(monkeypatch, capsys, *given)
