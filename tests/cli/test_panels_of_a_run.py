import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from dermaseg_monai.bundle import bundle_root, read_sheet
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.networks import BADeepLabV3
from dermaseg_monai.tracking.delivery import connect


@pytest.mark.slow
def test_a_run_becomes_pictures_by_one_command_and_the_sheet_is_in_mlflow(tmp_path: Path) -> None:
    # what a training of one moment would leave: weights that say what they are, and the sheet
    demo, run, store = tmp_path / "demo", tmp_path / "run", f"sqlite:///{tmp_path}/mlflow.db"
    make_demo(demo, n=20, seed=1)
    metadata = {"bundle": "ba_deeplab", "encoder": "mobilenet_v2", "output_stride": "16", "image_size": "64"}
    write_weights(run / "model.safetensors", BADeepLabV3("mobilenet_v2"), metadata)
    values = {
        "manifest": str(demo / "manifest.json"),
        "dataset_dir": str(demo),
        "tracking_uri": store,
        "image_size": 64,
    }
    sheet = read_sheet([f"{bundle_root('ba_deeplab')}/configs/train.json"], values)
    (run / "run.json").write_text(json.dumps({"bundle": "ba_deeplab", "config": sheet.config}))
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, "-m", "dermaseg_monai", "panels", str(run), "--split", "val", "--contact-sheet", "1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    folder = run / "evaluate_val"
    drawn = [*(folder / "panels" / "cases").glob("*.png"), folder / "panels" / "contact_sheet.png"]
    assert 2 <= len(drawn) <= 4
    for path in drawn:
        with Image.open(path) as picture:
            assert picture.width > 800
    client = connect(store)
    (found,) = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    assert found.info.status == "FINISHED"
    assert "evaluation/contact_sheet.png" in [
        item.path for item in client.list_artifacts(found.info.run_id, "evaluation")
    ]
    pictures = [item.path for item in client.list_artifacts(found.info.run_id, "images") if item.path.endswith(".png")]
    assert len(pictures) == 1
