"""`dermaseg ablate` on drawn images: killed in mid-run and continued, a run that fails and is retried."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.experiments.lock import held
from dermaseg_monai.experiments.plan import plan
from dermaseg_monai.experiments.spec import override, read_spec
from dermaseg_monai.tracking.delivery import connect

ROOT = Path(__file__).resolve().parents[2]
SPEC = """
name: killed
baseline: {variant: whole}
common: {network: ba_deeplab, loss: ce_dice, max_epochs: 12, image_size: 64, batch_size: 4, seed: 0}
variants:
  whole: {}
  plain: {max_epochs: 1, network_def#refinement: false, network_def#uncertainty_head: false}
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def start(command: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "dermaseg_monai", "ablate", *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tracked(uri: str) -> dict[str, Any]:
    client = connect(uri)
    found = client.get_experiment_by_name("ablation killed")
    runs = [] if found is None else client.search_runs([found.experiment_id])
    assert len({run.info.run_name for run in runs}) == len(runs), "no run stands twice"
    return {run.info.run_name: run for run in runs}


def test_a_killed_ablation_goes_on_and_a_failed_run_is_retried(tmp_path: Path) -> None:
    data, uri = tmp_path / "demo", f"sqlite:///{tmp_path}/mlflow.db"
    make_demo(data, n=20, seed=1)
    (tmp_path / "spec.yaml").write_text(SPEC)
    values = {"manifest": str(data / "manifest.json"), "dataset_dir": str(data), "tracking_uri": uri}
    whole, plain = plan(override(read_spec(tmp_path / "spec.yaml"), values), tmp_path / "runs")
    options = [f"--manifest={values['manifest']}", f"--dataset_dir={data}", "--set", f"tracking_uri={uri}"]
    command = [str(tmp_path / "spec.yaml"), *options, f"--runs={tmp_path / 'runs'}", f"--out={tmp_path / 'out'}"]
    connect(uri).search_experiments()  # makes the tables, which takes longer than an epoch

    process = start(command)
    end = time.monotonic() + 600
    while process.poll() is None and time.monotonic() < end:
        if (whole.folder / "train" / "last.ckpt").exists() and whole.name in tracked(uri):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with held(whole.folder, patience_s=120.0):  # the training has ended with it
        epoch = torch.load(whole.folder / "train" / "last.ckpt", weights_only=True)["trainer"]["epoch"]
    assert 1 <= epoch < 12
    before = tracked(uri)
    assert before["killed"].info.status == "RUNNING"
    (plain.folder).mkdir(exist_ok=True)
    (plain.folder / "train").write_text("in the way")

    process = start(command)
    said, _ = process.communicate()
    assert process.returncode == 1, said
    assert f"failed: {plain.name}: train: " in said
    assert "(resumed)" in (whole.folder / "log.txt").read_text()
    assert "1 of 2 runs are scored" in (tmp_path / "out" / "summary.md").read_text()
    middle = tracked(uri)
    assert middle["killed"].info.run_id == before["killed"].info.run_id
    assert middle["killed"].info.status == "FAILED"
    assert middle[whole.name].info.run_id == before[whole.name].info.run_id
    made = (whole.folder / "train" / "model.safetensors").stat().st_mtime_ns

    (plain.folder / "train").unlink()
    process = start([*command, "--retry-failed"])
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert (whole.folder / "train" / "model.safetensors").stat().st_mtime_ns == made
    runs = tracked(uri)
    parent = runs.pop("killed")
    assert parent.info.status == "FINISHED"
    assert set(runs) == {name for run in (whole, plain) for name in (run.name, f"{run.name} evaluate_test")}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in runs.values()} == {parent.info.run_id}
    assert "2 of 2 runs are scored" in (tmp_path / "out" / "summary.md").read_text()
    for name in ("runs.csv", "settings.csv", "comparisons.csv", "scores.png", "differences.png"):
        assert (tmp_path / "out" / name).stat().st_size > 0
