import json
import subprocess
import sys
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
from dermaseg_monai.errors import ConfigError

SCRIPT = """
import json, runpy, sys
from pathlib import Path
import torch
from ignite.engine import Events
from dermaseg_monai import engines

folder = Path(sys.argv[2])
engines.start_distributed("gloo")
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
(folder / f"rank{rank}.json").write_text(json.dumps(report))
engines.stop_distributed()
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


@pytest.mark.gpu
def test_a_rank_takes_its_own_cuda_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert rank_device() == torch.device("cuda:0")
