"""A network that MLflow serves for real, on this machine alone."""

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.predict import Segmenter
from tests.local_server import free_port, wait_until_up

pytestmark = pytest.mark.slow


def mlflow_model(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dermaseg_monai", "bundle", "mlflow-model", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)  # noqa: S603


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The released network as the command writes it, with a threshold of its own."""
    folder = tmp_path_factory.mktemp("Anna_Example") / "model"
    done = mlflow_model("--out", str(folder), "--threshold", "0.3")
    assert done.returncode == 0, done.stderr
    assert "lesion from a probability of 0.3 on" in done.stdout
    return folder


@pytest.fixture(scope="module")
def url(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, log = free_port(), tmp_path_factory.mktemp("log") / "server.log"
    words = ["models", "serve", "--model-uri", str(model), "--env-manager", "local", "--port", str(port)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with log.open("wb") as stream:
        server = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "mlflow", *words],
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            env={**os.environ, "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"},
        )
    try:
        wait_until_up(f"http://127.0.0.1:{port}/ping", server, log, patience_s=240)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def ask(url: str, body: bytes) -> list[dict[str, Any]]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=120) as reply:  # noqa: S310
        return json.load(reply)["predictions"]


def pixels(text: str) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(base64.b64decode(text))))


def test_the_server_answers_the_request_that_lies_in_the_folder(model: Path, url: str) -> None:
    (found,) = ask(url, (model / "serving_input_example.json").read_bytes())
    assert (found["status"], found["threshold"]) == ("ok", 0.3)
    assert pixels(found["mask"]).shape == (found["height_px"], found["width_px"]) == (256, 192)
    assert 0 < found["lesion_fraction"] < 1


def test_the_server_says_what_the_network_says_in_python_and_one_bad_photograph_costs_itself(url: str) -> None:
    photograph = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    held = BytesIO()
    Image.fromarray(photograph).save(held, format="PNG")
    sent = base64.b64encode(held.getvalue()).decode()
    frame = {"columns": ["photograph"], "data": [["?"], [None], [sent]]}
    bad, none, good = ask(url, json.dumps({"dataframe_split": frame, "params": {"maps": True}}).encode())
    assert bad["status"] == "failed"
    assert bad["reason"].startswith("The photograph is not base64")
    assert (none["status"], none["reason"][:23]) == ("failed", "The photograph is empty")
    expected = Segmenter.load(overrides={"threshold": 0.3})(photograph)
    assert np.array_equal(pixels(good["mask"]) > 0, expected.mask)
    for name in ("probability", "uncertainty", "boundary"):
        assert np.allclose(pixels(good[name]) / 65535, getattr(expected, name), atol=1e-4), name


def test_the_folder_says_nothing_of_where_the_network_was(model: Path) -> None:
    said = (model / "MLmodel").read_text() + (model / "artifacts" / "sheet.json").read_text()
    assert str(Path(__file__).parents[2]) not in said
    assert "Anna_Example" not in said
    assert "dermaseg_monai==" in (model / "requirements.txt").read_text()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    shut = Path("/proc") if os.access(tmp_path / "shut", os.W_OK) else tmp_path / "shut"  # root writes anywhere
    done = mlflow_model("--out", str(shut / "model"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"dermaseg: error: Cannot write {shut / 'model'}: ")


def test_a_folder_that_is_there_is_not_written_over(model: Path) -> None:
    before = (model / "MLmodel").read_bytes()
    done = mlflow_model("--out", str(model))
    assert done.returncode == 1
    assert done.stderr.startswith(f"dermaseg: error: {model} is there already; nothing is written over it.")
    assert (model / "MLmodel").read_bytes() == before
