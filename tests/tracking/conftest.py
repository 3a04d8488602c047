import shutil
import uuid
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def quiet_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow sends nothing anywhere and gives up quickly."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an MLflow database once; its tables take seconds."""
    from dermaseg_monai.tracking.delivery import connect  # noqa: PLC0415

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> str:
    """A real, empty SQLite store in `tmp_path`, of a new name: MLflow 3.9 keeps connections to one that is deleted."""
    path = tmp_path / f"{uuid.uuid4().hex}.db"
    shutil.copy(empty_store, path)
    return f"sqlite:///{path}"
