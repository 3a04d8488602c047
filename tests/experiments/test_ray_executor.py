"""What needs no cluster; test_ray_cluster.py starts one."""

import logging
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dermaseg_monai.errors import ConfigError, MissingExtraError
from dermaseg_monai.experiments import Job, Stage
from dermaseg_monai.experiments.ray_cluster import RayExecutor, Watch, connect, run_on_node
from dermaseg_monai.experiments.ray_need import Need


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_ADDRESS", "RAY_USAGE_STATS_ENABLED", "RAY_DEDUP_LOGS_SKIP_REGEX"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def node(number: int, cpus: float) -> dict[str, Any]:
    return {"NodeID": str(number), "NodeManagerHostname": "vm", "Alive": True, "Resources": {"CPU": cpus}}


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install .* -e '\.\[ray\]'"):
        RayExecutor("auto", cpus=1.0, gpus=0.0, memory_gib=None)


def test_nothing_is_told_to_the_makers_of_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace())
    RayExecutor(None, cpus=1.0, gpus=0.0, memory_gib=None)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_an_address_of_ray_client_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"address is ray://head:10001; it must be HOST:PORT or auto\."):
        connect(SimpleNamespace(), "ray://head:10001")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            "import sys; sys.exit('RpcError: timed out')",
            r"at head:6379 \(RpcError: timed out\)\. Start one \(ray start",
        ),
        ("import sys; sys.exit(3)", r"at head:6379 \(exit code 3\)"),
        ("import time; time.sleep(60)", r"at head:6379 \(nothing within 1 s\)"),
    ],
)
def test_a_cluster_that_does_not_answer_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, said: str
) -> None:
    (tmp_path / "ray.py").write_text(answer)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    if "sleep" in answer:
        monkeypatch.setattr("dermaseg_monai.experiments.ray_cluster._ANSWER_S", 0.6)
    with pytest.raises(ConfigError, match=said) as raised:
        connect(SimpleNamespace(), "head:6379")
    assert "\n" not in str(raised.value)


def test_what_ray_refuses_is_told_in_one_line() -> None:
    def init(**_: object) -> None:
        raise RuntimeError("Version mismatch: Ray 1 and 2.\nSecond line.")

    with pytest.raises(ConfigError, match=r"Cannot start Ray on this machine: Version mismatch: Ray 1 and 2\. Every"):
        connect(SimpleNamespace(init=init), None)


def test_a_machine_without_the_shared_folder_does_not_train_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    one = Job("run", folder, (Stage("train", ("-c", "pass"), folder / "done.json"),))
    outcome = run_on_node(one, str(tmp_path))
    assert not outcome.ok
    assert f"does not see {folder}. All machines need one file system" in str(outcome.error)
    assert not folder.exists()
    assert not run_on_node(one, str(tmp_path / "none")).ok


def test_a_lost_machine_is_told_and_the_last_one_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch(Need(2.0, 0.0, None), patience_s=-1.0)
    with caplog.at_level(logging.WARNING):
        watch.look([node(1, 2.0), node(2, 1.0)])
        assert caplog.messages == []
        watch.look([node(2, 1.0)])
        assert [line.split(".")[0] for line in caplog.messages] == [
            "The cluster lost vm (1)",
            "No machine is left for a run that asks for 2 CPUs, 0 GPUs: vm (2) has 1 CPUs, 0 GPUs, 0",
        ]
        watch.look([node(2, 1.0), node(3, 2.0)])
        watch.look([node(2, 1.0)])  # the patience begins anew
        with pytest.raises(ConfigError, match="no machine of the Ray cluster has that"):
            watch.look([node(2, 1.0)])
