"""Runs on a Ray cluster of two nodes, started here; the commands are the project's, the trainings a few lines."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]

TRAINING = """
import os, sys, time
from pathlib import Path

folder, gate = Path(sys.argv[1]), Path(sys.argv[2])
checkpoint = folder / "last.ckpt"
first = int(checkpoint.read_text()) if sys.argv[3:] == [f"--resume={str(checkpoint)!r}"] else 0
for epoch in range(first, 6):
    with (folder / "trace").open("a") as trace:
        trace.write(f"{os.getpid()} {epoch}\\n")
    (folder / "new").write_text(str(epoch + 1))
    (folder / "new").rename(checkpoint)
    while epoch == 2 and not gate.exists():
        time.sleep(0.05)
"""

STARTER = """
import json, signal, sys
from pathlib import Path
from dermaseg_monai.errors import DermasegError
from dermaseg_monai.experiments import Job, Stage
from dermaseg_monai.experiments.ray_cluster import RayExecutor

# a test run in the background of a shell ignores the interrupt, and so would this
signal.signal(signal.SIGINT, signal.default_int_handler)
address, gpus, root, training, *names = sys.argv[1:]
jobs = []
for name in names:
    folder = Path(root, name)
    folder.mkdir(parents=True)
    words = ("-c", training, str(folder), str(Path(root, "gate")))
    jobs.append(Job(name, folder, (Stage("train", words, folder / "done.json"),)))
try:
    for outcome in RayExecutor(address, cpus=1.0, gpus=float(gpus), memory_gib=0.5).outcomes(jobs):
        print(json.dumps([outcome.name, outcome.ok, outcome.error]), flush=True)
except DermasegError as error:
    sys.exit(f"dermaseg: error: {error}")
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def wait_until(true: Callable[[], object], patience_s: float = 120) -> bool:
    end_s = time.monotonic() + patience_s
    while not true() and time.monotonic() < end_s:
        time.sleep(0.05)
    return bool(true())


def marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("DERMASEG_TEST_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def trace(folder: Path) -> list[tuple[int, int]]:
    lines = (folder / "trace").read_text().splitlines() if (folder / "trace").exists() else []
    return [(int(pid), int(epoch)) for pid, epoch in map(str.split, lines)]


class Nodes:
    """The cluster, and commands that use it; every process of it carries a mark."""

    def __init__(self, temporary: str) -> None:
        self.mark = uuid.uuid4().hex
        ours = {"PYTHONPATH": str(ROOT), "RAY_TMPDIR": temporary, "DERMASEG_TEST_MARK": self.mark}
        # the loopback address on every machine, with and without a network: Ray has this for macOS and Windows
        ray = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "OMP_NUM_THREADS": "1"}
        ray["RAY_AUTH_MODE"] = "disabled"  # else it depends on what is in the home folder
        kept = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
        self._environment = {**kept, **ours, **ray}
        self._keeper = subprocess.Popen(  # noqa: S603
            [sys.executable, str(Path(__file__).with_name("ray_nodes.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        self.address = self._answer()

    def say(self, word: str) -> str:
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{word}\n")
        self._keeper.stdin.flush()
        return self._answer()

    def start(self, root: Path, *names: str, gpus: int = 0) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", STARTER, self.address, str(gpus), str(root), TRAINING, *names]
        return subprocess.Popen(  # noqa: S603
            command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment
        )

    def stop(self) -> list[psutil.Process]:
        """Shut down and return what is still alive."""
        self._keeper.communicate(timeout=120)
        wait_until(lambda: not marked(self.mark), patience_s=60)
        left = marked(self.mark)
        for process in left:
            process.kill()
        return left

    def _answer(self) -> str:
        assert self._keeper.stdout is not None
        return self._keeper.stdout.readline().strip()


@pytest.fixture
def nodes() -> Iterator[Nodes]:
    temporary = tempfile.mkdtemp(prefix="ray-")  # short: sockets have names of at most 107 bytes
    cluster = Nodes(temporary)
    yield cluster
    left = cluster.stop()
    shutil.rmtree(temporary, ignore_errors=True)
    assert [process.pid for process in left] == []


def test_a_killed_node_costs_nothing_but_what_came_after_the_checkpoint_and_leaves_no_process(
    nodes: Nodes, tmp_path: Path
) -> None:
    node = int(nodes.say("add"))
    starter = nodes.start(tmp_path, "a", "b", "c")
    refused = nodes.start(tmp_path, "d", gpus=1)
    folders = [tmp_path / name for name in "abc"]
    assert wait_until(lambda: sum(len(trace(folder)) == 3 for folder in folders) == 2), starter.poll()
    pids = {folder: trace(folder)[0][0] for folder in folders if trace(folder)}
    (lost,) = (f for f, pid in pids.items() if node in {parent.pid for parent in psutil.Process(pid).parents()})

    assert nodes.say("kill") == "killed"
    assert wait_until(lambda: not psutil.pid_exists(pids[lost])), "the training of the lost node goes on"
    (tmp_path / "gate").touch()
    out, err = starter.communicate(timeout=200)
    assert starter.returncode == 0, err
    assert sorted(json.loads(line) for line in out.splitlines()) == [[name, True, None] for name in "abc"]
    # the head may need longer to miss the node than the runs took
    lost_nodes = {line.split(" (")[0] for line in err.splitlines() if line.startswith("The cluster lost")}
    assert lost_nodes <= {f"The cluster lost {platform.node()}"}
    for folder in folders:
        assert [epoch for _, epoch in trace(folder)] == list(range(6))
        assert len({pid for pid, _ in trace(folder)}) == (2 if folder == lost else 1)

    _, err = refused.communicate(timeout=200)
    assert refused.returncode == 1
    assert "A run asks for 1 CPUs, 1 GPUs, 0.5 GiB memory, and no machine of the Ray cluster has that: " in err
    assert (
        "has 1 CPUs, 0 GPUs, 1.0 GiB memory. Ask for less (--cpus, --gpus, --memory-gib), or add a machine"
        in err.splitlines()[-1]
    )

    (tmp_path / "gate").unlink()
    stopped = nodes.start(tmp_path, "e", "f")
    assert wait_until(lambda: len(trace(tmp_path / "e")) == 3), stopped.poll()
    stopped.send_signal(signal.SIGINT)
    stopped.communicate(timeout=200)
    assert stopped.returncode != 0
    assert not psutil.pid_exists(trace(tmp_path / "e")[0][0])
    assert not list(tmp_path.glob("[ef]/failed.json"))
    assert trace(tmp_path / "f") == []
