"""What the tests of the bundles share: a small checkout, a Python that is warm, and one trained run."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.data import make_volumes
from dermaseg_monai.data.demo import make_demo
from tests.bundles.commands import SMALL, TRAIN, Runs, Warm, environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of package and bundles with drawn sets of 20 images and 12 volumes: runs, store and caches go there."""
    folder = tmp_path_factory.mktemp("fresh") / "checkout"
    junk = shutil.ignore_patterns("__pycache__", "models")
    for name in ("dermaseg_monai", "bundles"):
        shutil.copytree(ROOT / name, folder / name, ignore=junk)
    shutil.copy(ROOT / "setup.cfg", folder)
    make_demo(folder / "data" / "demo", n=20, seed=1)
    make_volumes(folder / "data" / "volumes", n=12, seed=0)
    return folder


@pytest.fixture(scope="session")
def tiny(checkout: Path) -> Path:
    """Manifest of the 20 drawn images."""
    return checkout / "data" / "demo" / "manifest.json"


@pytest.fixture(scope="session")
def warm(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Commands, each in a process of its own that need not import anything."""
    server = Warm(checkout, tmp_path_factory.mktemp("logs"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def trained(warm: Warm) -> Path:
    """Folder of a run of two epochs, started in the checkout with the sheet's own defaults for data and places."""
    runs = warm.checkout / "runs" / "ba_deeplab"
    before = set(runs.glob("*"))
    done = warm.bundle("training", TRAIN, **{**SMALL, "max_epochs": 2, "learning_rate": 0.003})
    assert done.code == 0, done.err
    (folder,) = set(runs.glob("*")) - before
    return folder


@pytest.fixture(scope="session")
def cold(checkout: Path) -> dict[str, str]:
    """The variables for a Python that a test starts itself."""
    return environment(checkout)


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Address of an MLflow store that no other test uses."""
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture(scope="session")
def runs_of() -> Runs:
    """Every run of a store, in the order of their starts."""
    from dermaseg_monai.tracking.delivery import connect  # noqa: PLC0415

    def runs(uri: str) -> list[Any]:
        if not Path(uri.removeprefix("sqlite:///")).is_file():
            return []
        client = connect(uri)
        ids = [found.experiment_id for found in client.search_experiments()]
        return client.search_runs(ids, order_by=["attributes.start_time"])

    return runs
