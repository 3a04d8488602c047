"""The whole way on demo photographs: as the evaluation, into MLflow, through a kill."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from dermaseg_monai.bundle import bundle_root, read_sheet
from dermaseg_monai.cli.checkpoint import Checkpoint
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.networks import BADeepLabV3
from dermaseg_monai.tracking.delivery import connect

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Run:
    folder: Path
    demo: Path

    def command(self, *words: object) -> list[str]:
        start = [sys.executable, "-m", "dermaseg_monai", "stress", "ba_deeplab", str(self.demo / "manifest.json")]
        return [*start, "--weights", str(self.folder), *map(str, words)]

    def stress(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            self.command(*words), env=ENVIRONMENT, capture_output=True, text=True, check=False
        )


ENVIRONMENT = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What a training of one moment would leave: weights that say what they are, and the sheet."""
    root = tmp_path_factory.mktemp("stress")
    demo, folder = root / "demo", root / "run"
    make_demo(demo, n=20, seed=1)
    metadata = {"bundle": "ba_deeplab", "encoder": "mobilenet_v2", "output_stride": "16", "image_size": "64"}
    write_weights(folder / "model.safetensors", BADeepLabV3("mobilenet_v2"), metadata)
    values = {
        "manifest": str(demo / "manifest.json"),
        "dataset_dir": str(demo),
        "tracking_uri": f"sqlite:///{root}/mlflow.db",
        "image_size": 64,
    }
    sheet = read_sheet([f"{bundle_root('ba_deeplab')}/configs/train.json"], values)
    (folder / "run.json").write_text(json.dumps({"bundle": "ba_deeplab", "config": sheet.config}))
    return Run(folder, demo)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_undisturbed_photographs_score_as_in_the_bundles_own_evaluation(run: Run, tmp_path: Path) -> None:
    Checkpoint.find(run.folder).evaluate(tmp_path / "evaluation", "val", manifest=None, dataset_dir=None)
    done = run.stress("--split", "val", "--stressors", "blur", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    theirs = {row["case_id"]: row for row in rows(tmp_path / "evaluation" / "cases.csv")}
    ours = {row["case_id"]: row for row in rows(tmp_path / "out" / "stress.csv") if row["stressor"] == "none"}
    assert ours.keys() == theirs.keys()
    assert len(ours) > 1
    for case_id, row in ours.items():
        assert row["label_px"] == theirs[case_id]["label_px"]
        # a batch of eight rounds differently from a batch of one
        assert float(row["dice"]) == pytest.approx(float(theirs[case_id]["dice"]), abs=0.005)
    about = json.loads((tmp_path / "out" / "stress.json").read_text())["about"]
    assert about["Network sees"] == "64 x 64 px (from the weights file), the mean over all mirror images"


def test_a_result_is_logged_and_a_store_that_is_gone_costs_it_nothing(run: Run, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/mlflow.db"
    words = ("--stressors", "jpeg", "--limit", 2, "--overlay", "single_view")
    done = run.stress(*words, "--out", tmp_path / "out", "--tracking-uri", store)
    assert done.returncode == 0, done.stderr
    client = connect(store)
    (found,) = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    assert found.info.status == "FINISHED"
    sent = {item.path for item in client.list_artifacts(found.info.run_id, "stress")}
    assert sent == {f"stress/{name}" for name in ("stress.csv", "stress.json", "stress.html", "curves.png")}
    history = client.get_metric_history(found.info.run_id, "stress_jpeg_dice")
    assert [metric.step for metric in history] == list(range(6))
    # nothing listens on the port that the system gave and took back
    dead = run.stress(*words, "--out", tmp_path / "dead", "--tracking-uri", f"http://127.0.0.1:{_closed_port()}")
    assert dead.returncode == 0, dead.stderr
    assert "Tracking does not work" in dead.stderr
    assert (tmp_path / "dead" / "stress.csv").read_bytes() == (tmp_path / "out" / "stress.csv").read_bytes()


def test_a_killed_test_goes_on_and_gives_what_an_unbroken_one_gives(run: Run, tmp_path: Path) -> None:
    words = ("--stressors", "noise,rotation", "--limit", 2, "--overlay", "single_view")
    broken, steps = tmp_path / "broken", tmp_path / "broken" / "steps"
    process = subprocess.Popen(  # noqa: S603
        run.command(*words, "--out", broken), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while len(list(steps.glob("[!.]*.json"))) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = {path.name: path.stat().st_mtime_ns for path in steps.glob("[!.]*.json")}
    assert len(done) >= 2
    again = run.stress(*words, "--out", broken)
    assert again.returncode == 0, again.stderr
    assert {name: (steps / name).stat().st_mtime_ns for name in done} == done
    assert run.stress(*words, "--out", tmp_path / "whole").returncode == 0
    for name in ("stress.csv", "stress.json"):
        assert (broken / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def _closed_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
