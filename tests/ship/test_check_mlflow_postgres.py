import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check_mlflow_postgres as script

SCRIPT = Path(script.__file__)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_server_of_compose_keeps_a_run_in_a_real_postgresql() -> None:
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 (our own script)
    if done.returncode == script.SKIPPED:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("OK: a run with metrics and an artefact")


def test_an_absent_postgresql_is_a_skip_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def absent() -> Path:
        raise script.AbsentError("PostgreSQL is absent (no initdb). On Debian: apt-get install postgresql")

    monkeypatch.setattr(script, "find_spec", lambda _module: object())
    monkeypatch.setattr(script, "postgres_programs", absent)
    monkeypatch.chdir(tmp_path)
    assert script.main() == script.SKIPPED
    assert "SKIPPED: PostgreSQL is absent" in capsys.readouterr().out


def test_an_absent_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "find_spec", lambda module: None if module == "psycopg2" else object())
    with pytest.raises(script.AbsentError, match=r"psycopg2 is absent.*\[server\]"):
        script.new_cluster()


def test_the_command_of_compose_is_changed_in_places_of_this_computer_only(tmp_path: Path) -> None:
    cluster = script.Cluster(programs=tmp_path, folder=tmp_path, port=5433, password="", user=None)
    command = script.local_command(cluster, port=5001, artifacts=tmp_path / "artifacts")
    assert command[:4] == [sys.executable, "-m", "mlflow", "server"]
    assert "--backend-store-uri=postgresql+psycopg2://mlflow@127.0.0.1:5433/mlflow" in command
    assert "--host=127.0.0.1" in command
    assert "--serve-artifacts" in command
    assert f"--artifacts-destination={tmp_path / 'artifacts'}" in command


def test_a_value_that_differs_stops_with_both() -> None:
    with pytest.raises(RuntimeError, match="status: found 'RUNNING', expected 'FINISHED'"):
        script.expect("status", "RUNNING", "FINISHED")
