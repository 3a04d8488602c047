import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from dermaseg_monai.images import read_image

SCRIPT = Path(__file__).parents[2] / "scripts" / "training_curves.py"


@pytest.mark.slow
def test_the_curves_of_two_runs_are_written_and_drawn(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(store)
    experiment, words = client.create_experiment("curves"), []
    for name, dice in (("one", 0.5), ("two", 0.25)):
        run_id = client.create_run(experiment).info.run_id
        for epoch in (1, 2):
            client.log_metric(run_id, "train_dice", dice * epoch, step=epoch)
            client.log_metric(run_id, "val_loss", 1 / epoch, step=epoch)
        words.append(f"{name}={run_id}")
    command = [sys.executable, str(SCRIPT), str(tmp_path / "out"), *words, "--tracking-uri", store]
    subprocess.run(command, check=True, timeout=120)  # noqa: S603 (our own script)
    curves = pd.read_csv(tmp_path / "out" / "curves.csv")
    assert curves[["run", "epoch"]].to_numpy().tolist() == [["one", 1], ["one", 2], ["two", 1], ["two", 2]]
    assert curves["train_dice"].tolist() == [0.5, 1.0, 0.25, 0.5]
    assert curves["val_loss"].tolist() == [1.0, 0.5, 1.0, 0.5]
    assert curves["val_dice"].isna().tolist() == [True] * 4
    assert read_image(tmp_path / "out" / "curves.png").pixels.std() > 1
