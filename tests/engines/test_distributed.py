import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from dermaseg_monai.engines import distributed as engines_distributed
from dermaseg_monai.engines import (
    distributed_network,
    from_all_ranks,
    from_rank_zero,
    is_rank_zero,
    rank_device,
    rank_sampler,
    read_weights,
    start_distributed,
    stop_distributed,
    world_size,
)
from dermaseg_monai.errors import ConfigError, DeviceError

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"

SCRIPT = """
import json, runpy, sys, weakref
from pathlib import Path
import torch
from ignite.engine import Events
from dermaseg_monai import engines

folder = Path(sys.argv[2])
engines.start_distributed("cpu")
rank = torch.distributed.get_rank()
resume = folder / "last.ckpt" if sys.argv[3] == "resume" else None
build = runpy.run_path(sys.argv[1])["_build"]
training = build(folder, max_epochs=int(sys.argv[4]), resume=resume, distributed=True)
seen = []
training.trainer.add_event_handler(
    Events.ITERATION_STARTED, lambda engine: seen.append([engine.state.epoch, sorted(engine.state.batch["case_id"])])
)
engines.train(training.trainer)
report = {
    "parameters": float(sum(value.double().sum() for value in training.network.parameters())),
    "average": float(sum(value.double().sum() for value in training.average.module.state_dict().values())),
    "seen": seen,
    "shared": engines.from_rank_zero(f"of rank {rank}"),
    "gathered": engines.from_all_ranks([rank]),
    "score": training.evaluator.state.best_metric,
    "writes": engines.is_rank_zero(),
}
group = weakref.ref(torch.distributed.group.WORLD)
engines.stop_distributed()
report["group_ended"] = group() is None
(folder / f"rank{rank}.json").write_text(json.dumps(report))
"""


def _run(folder: Path, how: str, epochs: int) -> list[dict]:
    folder.mkdir(exist_ok=True)
    (folder / "script.py").write_text(SCRIPT)
    conftest = Path(__file__).with_name("conftest.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += [str(folder / "script.py"), str(conftest), str(folder), how, str(epochs)]
    subprocess.run(command, check=True, timeout=180, cwd=Path(__file__).parents[2])  # noqa: S603 (our own script)
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.slow
def test_two_processes_train_one_network_write_one_checkpoint_and_resume_from_it(tmp_path: Path) -> None:
    one, two = _run(tmp_path / "a", "new", 2)
    assert one["parameters"] == two["parameters"]
    assert one["average"] == two["average"]
    assert one["score"] == two["score"]
    assert one["shared"] == two["shared"] == "of rank 0"
    assert one["gathered"] == two["gathered"] == [0, 1]
    assert (one["writes"], two["writes"]) == (True, False)
    # while it lives so do gloo's threads, which may abort a process that ends
    assert one["group_ended"]
    assert two["group_ended"]
    for epoch in (1, 2):
        cases = [{case for e, ids in rank["seen"] if e == epoch for case in ids} for rank in (one, two)]
        assert cases[0] | cases[1] == {f"case_{i}" for i in range(8)}
        assert not cases[0] & cases[1]
    assert not any(key.startswith("module.") for key in read_weights(tmp_path / "a/model.safetensors"))
    saved = torch.load(tmp_path / "a/last.ckpt", weights_only=True)
    assert not any(key.startswith("module.") for key in saved["network"])
    _run(tmp_path / "b", "new", 1)
    rest = _run(tmp_path / "b", "resume", 2)
    assert [(rank["parameters"], rank["average"]) for rank in rest] == [(one["parameters"], one["average"])] * 2


def test_alone_everything_works_without_a_process_group() -> None:
    network = nn.Linear(1, 1)
    assert distributed_network(network, "cpu") is network
    assert world_size() == 1
    assert is_rank_zero()
    assert from_rank_zero("x") == "x"
    assert from_all_ranks([1, 2]) == [1, 2]
    stop_distributed()


def test_a_sheet_for_several_processes_says_how_it_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        ConfigError, match=r"RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR is not set. Start it with `torchrun"
    ):
        start_distributed()


def test_more_processes_than_cases_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines_distributed, "world_size", lambda: 3)
    with pytest.raises(ConfigError, match=r"3 processes share 2 cases of one split.*--nproc_per_node"):
        rank_sampler(TensorDataset(torch.zeros(2)), even_divisible=False, shuffle=False)


def test_a_rank_keeps_a_device_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert rank_device("cpu") == torch.device("cpu")


class Started:
    """What was asked of torch when the processes joined."""

    def __init__(self) -> None:
        self.backend: str | None = None
        self.timeout = timedelta()
        self.device: torch.device | None = None

    def join(self, backend: str, timeout: timedelta) -> None:
        self.backend, self.timeout = backend, timeout

    def take(self, device: torch.device) -> None:
        self.device = device


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The second of two processes of a machine with two CUDA devices, as far as torch says."""
    found = Started()
    for name, value in (("RANK", 1), ("WORLD_SIZE", 2), ("LOCAL_RANK", 1), ("LOCAL_WORLD_SIZE", 2)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", found.take)
    monkeypatch.setattr(torch.distributed, "init_process_group", found.join)
    monkeypatch.setattr(engines_distributed.idist, "sync", lambda: None)
    return found


@pytest.mark.parametrize(
    ("device", "backend", "own"),
    [("cpu", "gloo", None), (torch.device("cpu"), "gloo", None)]
    + [(name, "nccl", torch.device("cuda:1")) for name in ("auto", "cuda", torch.device("cuda:1"))],
)
def test_the_back_end_is_that_of_the_device_whatever_else_the_machine_has(
    started: Started, device: str | torch.device, backend: str, own: torch.device | None
) -> None:
    start_distributed(device)
    assert (started.backend, started.device) == (backend, own)


def test_processes_without_cuda_join_by_gloo(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    start_distributed()
    assert (started.backend, started.device) == ("gloo", None)


def test_processes_wait_for_each_other_longer_than_an_upload_takes(started: Started) -> None:
    start_distributed("cpu")
    assert started.timeout == timedelta(hours=1)


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("rank", [0, 1])  # all of them say it, the ones with a device, too
def test_more_processes_than_cuda_devices_are_refused_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    monkeypatch.setenv("LOCAL_RANK", str(rank))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(DeviceError, match=r"started 2 processes .* sees 1 CUDA.*--nproc_per_node=1, .*--device cpu"):
        rank_device()


@pytest.mark.parametrize(
    "sheet", sorted(BUNDLES.glob("*/configs/multi_gpu_train.json")), ids=lambda path: path.parts[-3]
)
def test_the_sheet_of_several_processes_joins_them_by_the_device_of_the_run(sheet: Path) -> None:
    steps = [step for step in json.loads(sheet.read_text())["initialize"] if isinstance(step, dict)]
    assert steps[0] == {"_target_": "dermaseg_monai.engines.start_distributed", "device": "@device"}


@pytest.mark.gpu
def test_a_rank_takes_its_own_cuda_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert rank_device() == torch.device("cuda:0")
