"""A real MLflow server on this machine: it goes away in the middle of a training; its page shows the run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from dermaseg_monai.tracking.delivery import connect
from tests.local_server import free_port, wait_until_up

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("small_run.py")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Server:
    """`mlflow server` in a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}", "--workers", "1"]
        words += ["--artifacts-destination", str(self.folder / "artefacts"), "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", *words],
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
            )
        wait_until_up(f"{self.uri}/health", self.process, self.folder / "server.log", patience_s=240)

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def server(store: str, tmp_path: Path) -> Iterator[Server]:
    assert store  # the tables are there
    server = Server(tmp_path)
    server.start()
    yield server
    server.kill()


def start_training(out: Path, uri: str, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}
    command = [sys.executable, str(SCRIPT), str(out), uri, *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=out.parent)  # noqa: S603


def wait_for(path: Path, pattern: str = "") -> None:
    end = time.monotonic() + 240
    while time.monotonic() < end:
        if list(path.glob(pattern)) if pattern else path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} {pattern} never came")


def test_a_server_killed_in_mid_training_and_started_again_has_everything(server: Server, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start_training(out, server.uri, "wait", "5")
    out.mkdir(exist_ok=True)
    (out / "go_1").touch()
    wait_for(out / "epoch_2")
    wait_for(tmp_path / "artefacts", "*/*/artifacts/packages.txt")
    server.kill()
    for epoch in (2, 3):
        (out / f"go_{epoch}").touch()
    wait_for(out / "epoch_4")  # training did not stop
    wait_for(out, "tracking_unsent_*.jsonl")
    server.start()
    for epoch in (4, 5):
        (out / f"go_{epoch}").touch()
    _, errors = process.communicate(timeout=300)

    assert process.returncode == 0, errors
    assert errors.count("Tracking does not work at the moment") == 1
    assert not list(out.glob("tracking_unsent_*.jsonl"))
    client = connect(server.uri)
    (run,) = client.search_runs([found.experiment_id for found in client.search_experiments()])
    assert run.info.status == "FINISHED"
    for name in ("train_loss", "train_loss/region", "learning_rate", "images_per_s"):
        assert [point.step for point in client.get_metric_history(run.info.run_id, name)] == [1, 2, 3, 4, 5]
    pictures = [found.path for found in client.list_artifacts(run.info.run_id, "images") if found.path.endswith("png")]
    assert len(pictures) == 2 * 5 + 2  # every epoch, and the last ones at step 0
    table = client.download_artifacts(run.info.run_id, "validation/cases_last.csv", str(tmp_path))
    assert len(Path(table).read_text().splitlines()) == 1 + 6


TABS = {
    "": ["train_loss", "val_", "learning_rate", "Finished", "dermaseg.torch", "not a medical device"],
    "/model-metrics": ["train_loss", "images_per_s", "panels/demo_0"],
    "/system-metrics": ["cpu_utilization_percentage"],
    "/artifacts": ["validation", "run.json", "packages.txt"],
}


@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium to look at MLflow's page (apt-get install chromium)")
def test_the_page_of_mlflow_shows_the_run(server: Server, tmp_path: Path) -> None:
    process = start_training(tmp_path / "run", server.uri, "", "6")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    client = connect(server.uri)
    (run,) = client.search_runs([found.experiment_id for found in client.search_experiments()])
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1500, "height": 1300})
        for tab, words in TABS.items():
            page.goto(f"{server.uri}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}{tab}")
            wait_for_words(page, words)
            picture = tmp_path / f"page{tab.replace('/', '_')}.png"
            page.screenshot(path=picture)
            assert "No image logged at this step" not in page.content()
            assert np.asarray(Image.open(picture).convert("L")).std() > 5  # not an empty page
        browser.close()


def wait_for_words(page: Page, words: list[str]) -> None:
    """Wait until the page holds every word: on a busy machine its charts come late."""
    end = time.monotonic() + 240
    missing = words
    while missing and time.monotonic() < end:
        page.wait_for_timeout(500)
        text = page.content()
        missing = [word for word in words if word not in text]
    assert not missing, f"{page.url} never showed {missing}"
