import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

SCRIPT = """
import runpy, sys, time
from pathlib import Path
from ignite.engine import Events

class Stall:
    def attach(self, engine):
        engine.add_event_handler(Events.ITERATION_COMPLETED(once=3), self.stall)
    def stall(self):
        Path(sys.argv[2], "stalled").touch()
        time.sleep(60)

build = runpy.run_path(sys.argv[1])["_build"]
folder = Path(sys.argv[2])
handlers = [Stall()] if sys.argv[3] == "stall" else []
resume = folder / "last.ckpt" if sys.argv[3] == "resume" else None
build(folder, max_epochs=3, num_workers=2, handlers=handlers, resume=resume).trainer.run()
"""


def _start(folder: Path, how: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    conftest = Path(__file__).with_name("conftest.py")
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(conftest), str(folder), how]
    return subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603 (our own script)


@pytest.mark.slow
def test_a_process_killed_in_mid_epoch_resumes_bit_for_bit(tmp_path: Path) -> None:
    whole = _start(tmp_path / "whole", "whole")
    killed = _start(tmp_path / "killed", "stall")
    for _ in range(2000):
        if (tmp_path / "killed/stalled").exists():
            break
        time.sleep(0.1)
    os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert _start(tmp_path / "killed", "resume").wait(timeout=400) == 0
    assert whole.wait(timeout=400) == 0
    left, right = (torch.load(tmp_path / name / "last.ckpt", weights_only=True) for name in ("killed", "whole"))
    assert left["trainer"]["epoch"] == right["trainer"]["epoch"] == 3
    for part in ("network", "average"):
        assert all(torch.equal(left[part][key], value) for key, value in right[part].items())
    assert torch.equal(left["rng"]["torch"], right["rng"]["torch"])
    assert left["best"] == right["best"]
    assert list((tmp_path / "killed").glob(".writing-*")) == []
