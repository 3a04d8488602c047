"""The command that shows slices against volumes runs from nothing to its table."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dermaseg_monai.data import make_volumes

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_four_networks_are_trained_scored_and_compared(tmp_path: Path) -> None:
    volumes = make_volumes(tmp_path / "volumes", n=8, seed=0)  # two of them for the test
    short = {"VOLUMES": str(volumes.parent), "EPOCHS_3D": "1", "EPOCHS_2D": "1", "WIDTHS": "[8,16]"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ours = {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(  # noqa: S603 (our own script)
        [ROOT / "scripts" / "slices_against_volumes.sh", tmp_path / "out"],
        env={**os.environ, **ours, **short},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = tmp_path / "out" / "comparison"
    with (found / "scores.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = ["3D", "3D at 0.2 mm", "slice by slice", "2.5D"]
    assert list(dict.fromkeys(row["evaluation"] for row in rows)) == names
    assert {"dice", "hd95_mm", "assd_mm", "surface_dice", "volume_error_mm3"} <= {row["score"] for row in rows}
    assert "Evaluated on the same 2 cases." in (found / "comparison.md").read_text()
    assert (found / "hardest.png").is_file()
