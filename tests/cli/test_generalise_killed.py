"""`dermaseg generalise` on two drawn sets: killed after the first training, and continued."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.experiments.generalisation_plan import plan_generalisation
from dermaseg_monai.experiments.generalisation_sets import read_sets
from dermaseg_monai.experiments.lock import held
from dermaseg_monai.tracking.delivery import connect

ROOT = Path(__file__).resolve().parents[2]
VALUES = {"max_epochs": 2, "image_size": 64, "batch_size": 4, "seed": 0}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def start(command: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "dermaseg_monai", "generalise", *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def draw_sets(folder: Path) -> list[Path]:
    """Two demo sets; one tested case of the second is a picture of a lesion that the first trains on."""
    made = [make_demo(folder / f"demo{seed}", n=20, seed=seed) for seed in (1, 2)]
    first, second = (json.loads(Path(path).read_text()) for path in made)
    for case in second["cases"]:
        for key in ("id", "lesion_id", "patient_id"):
            case[key] = f"second_{case[key]}"
    tested = next(case for case in second["cases"] if case["split"] == "test")
    seen = next(case for case in first["cases"] if case["split"] == "train")
    tested["lesion_id"] = seen["lesion_id"]
    Path(made[1]).write_text(json.dumps(second))
    return [Path(path) for path in made]


def test_a_killed_matrix_goes_on_where_it_was(tmp_path: Path) -> None:
    manifests, uri = draw_sets(tmp_path), f"sqlite:///{tmp_path}/mlflow.db"
    sets = read_sets(manifests, [], split="test")
    given = {**VALUES, "network": "ba_deeplab", "tracking_uri": uri}
    first, second = plan_generalisation(sets, values=given, given={}, split="test", runs=tmp_path / "runs")
    command = [*map(str, manifests), f"--runs={tmp_path / 'runs'}", f"--out={tmp_path / 'out'}"]
    for key, value in {**VALUES, "tracking_uri": uri}.items():
        command += ["--set", f"{key}={value}"]
    connect(uri).search_experiments()  # makes the tables, which takes longer than an epoch

    process = start(command)
    trained = first.run.folder / "train" / "done.json"
    end = time.monotonic() + 900
    while process.poll() is None and not trained.exists() and time.monotonic() < end:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL, said
    with held(first.run.folder, patience_s=120.0):  # the test that went on has ended with it
        made = first.weights.stat().st_mtime_ns
    assert not (second.run.folder / "train" / "done.json").exists()

    process = start(command)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert first.weights.stat().st_mtime_ns == made
    with (tmp_path / "out" / "matrix.csv").open(newline="") as stream:
        rows = {(row["trained_on"], row["tested_on"], row["cases"]): row for row in csv.DictReader(stream)}
    one, other = (data_set.name for data_set in sets)
    assert set(rows) == {(a, b, cases) for a in (one, other) for b in (one, other) for cases in ("all", "leak-free")}
    assert int(rows[one, other, "leak-free"]["n"]) < int(rows[one, other, "all"]["n"])
    for name in ("summary.md", "summary.json", "gaps.csv", "overlap.csv", "matrix.png", "index.html"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    for network in (first, second):
        for table in network.tables.values():
            assert (table.parent / "masks").is_dir()
            assert (table.parent / "run.json").is_file()
    client = connect(uri)
    runs = client.search_runs([client.get_experiment_by_name("generalisation").experiment_id])
    parent = next(run for run in runs if run.info.run_name == "demo_20_seed1_demo_20_seed2")
    children = [run for run in runs if run.info.run_id != parent.info.run_id]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert {run.info.run_name for run in children} >= {network.run.name for network in (first, second)}
    assert parent.info.status == "FINISHED"
