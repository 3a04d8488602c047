import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app, main
from dermaseg_monai.experiments import LocalExecutor
from dermaseg_monai.experiments.generalisation import Generalisation
from tests.experiments.small_matrix import two_sets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def manifests(tmp_path: Path) -> list[str]:
    return [str(one.path) for one in two_sets(tmp_path)]


def error_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["dermaseg", "generalise", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix("dermaseg: error: ")


def test_a_dry_run_shows_the_networks_and_writes_nothing(manifests: list[str], tmp_path: Path) -> None:
    weights = ROOT / "bundles" / "ba_deeplab" / "models"
    words = ["--weights", f"b={weights}", "--network", "unet", "--runs", str(tmp_path / "runs"), "--dry-run"]
    done = CliRunner().invoke(app, ["generalise", *manifests, *words])
    assert done.exit_code == 0, done.output
    first, second = done.output.splitlines()[1:3]
    assert first.startswith("a-unet-")
    assert "to do  b: to do, a: to do" in first
    assert second.startswith("b-given-")
    assert "weights given" in second
    assert "2 networks, 4 tests." in done.output
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("whole", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_the_matrix_is_whole(
    manifests: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool, code: int
) -> None:
    seen: list[tuple[Generalisation, object, bool]] = []

    def run(self: Generalisation, executor: object, *, retry_failed: bool, console: object) -> bool:
        del console
        seen.append((self, executor, retry_failed))
        return whole

    monkeypatch.setattr(Generalisation, "run", run)
    words = ["--jobs", "2", "--retry-failed", "--runs", str(tmp_path / "r"), "--out", str(tmp_path / "o")]
    words += ["--split", "val", "--set", "max_epochs=2", "--dataset-dir", "b=/data"]
    assert CliRunner().invoke(app, ["generalise", *manifests, *words]).exit_code == code
    ((matrix, executor, retry),) = seen
    assert isinstance(executor, LocalExecutor)
    assert (executor.at_once, retry, matrix.at_once, matrix.split) == (2, True, 2, "val")
    assert (matrix.name, matrix.folder, matrix.results) == ("a_b", tmp_path / "r", tmp_path / "o")
    assert matrix.values == {"network": "ba_deeplab", "max_epochs": 2}
    assert [one.folder for one in matrix.sets] == [tmp_path, Path("/data")]


def test_a_run_given_as_weights_names_what_it_was_trained_on(
    manifests: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Generalisation] = []

    def run(self: Generalisation, executor: object, *, retry_failed: bool, console: object) -> bool:
        del executor, retry_failed, console
        seen.append(self)
        return True

    monkeypatch.setattr(Generalisation, "run", run)
    run_folder = tmp_path / "trained"
    run_folder.mkdir()
    (run_folder / "model.safetensors").write_bytes(b"weights")
    config = json.loads((ROOT / "bundles/ba_deeplab/configs/train.json").read_text())
    about = {"bundle": "ba_deeplab", "config": config, "manifest": {"digest": "e" * 64}}
    (run_folder / "run.json").write_text(json.dumps(about))
    words = [*manifests, "--weights", f"a={run_folder}", "--name", "my matrix"]
    done = CliRunner().invoke(app, ["generalise", *words])
    assert done.exit_code == 0, done.output
    given = seen[0].networks[0].given
    assert given is not None
    assert (given.path, given.trained_on) == (run_folder / "model.safetensors", ("e" * 64,))
    assert seen[0].name == "my_matrix"


def test_ctrl_c_says_how_to_go_on(manifests: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: Generalisation, executor: object, *, retry_failed: bool, console: object) -> bool:
        del self, executor, retry_failed, console
        raise KeyboardInterrupt

    monkeypatch.setattr(Generalisation, "run", run)
    done = CliRunner().invoke(app, ["generalise", *manifests])
    assert done.exit_code == 130
    assert "The same command goes on" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("A",), "1 manifest is given, but a matrix needs two or more"),
        (("A", "none.json"), "none.json"),
        (("A", "B", "--weights", "c=runs/x"), "--weights: unknown data set 'c'"),
        (("A", "B", "--weights", "b=no/such/run"), "There is no no/such/run"),
        (("A", "B", "--network", "unett"), "unknown network 'unett'. Did you mean unet?"),
        (("A", "B", "--set", "max_epochs"), "--set max_epochs: expected KEY=VALUE"),
    ],
)
def test_bad_input_is_one_line(
    manifests: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    names = {"A": manifests[0], "B": manifests[1]}
    assert said in error_of(monkeypatch, capsys, *(names.get(word, word) for word in words))
