"""A training that is killed and resumed, and one of two processes, started as a user starts them."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from dermaseg_monai.engines import read_weights
from dermaseg_monai.tracking.delivery import connect
from tests.bundles.commands import Runs, Warm
from tests.bundles.networks import OF_VOLUMES, Network

BUNDLES = [Network("ba_deeplab"), Network("unet_ham10000"), Network("unet3d")]
KILLED = [(network, 0) for network in (*BUNDLES[:2], *OF_VOLUMES)] + [(BUNDLES[0], 2), (BUNDLES[2], 2)]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def training(
    checkout: Path, *options: str, environment: dict[str, str], launcher: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    command = [sys.executable, *launcher, "-m", "monai.bundle", "run", "training", *options]
    return subprocess.Popen(  # noqa: S603
        command,
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def values_of(network: Network, **more: object) -> dict[str, object]:
    """Return the values of a training of a few small steps an epoch."""
    small = {**network.two_steps, **more}
    return small if network.of_volumes else {**small, "batch_size": 2}


def equal(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


@pytest.mark.parametrize(("network", "num_workers"), KILLED, ids=str)
def test_a_training_killed_in_mid_epoch_and_resumed_ends_bit_for_bit_as_the_whole_one_in_the_same_run(  # noqa: PLR0917 (fixtures)
    warm: Warm, cold: dict[str, str], store: str, tmp_path: Path, runs_of: Runs, network: Network, num_workers: int
) -> None:
    epochs = 24 if network.of_volumes else 6  # theirs are short
    values = values_of(network, num_workers=num_workers, max_epochs=epochs, tracking_uri=store)
    files = network.sheets("train", tmp_path)
    given = [f"--{key}={value}" for key, value in values.items()]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    connect(store).search_experiments()  # makes the tables, which takes longer than an epoch
    process = training(warm.checkout, f"--config_file={files}", *given, f"--output_dir={killed}", environment=cold)
    end = time.monotonic() + 400
    while not (killed / "last.ckpt").exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    while not runs_of(store) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # a worker of torch's loader that had only just begun does not notice that its parent died, and keeps the pipes open
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert torch.load(killed / "last.ckpt", weights_only=True)["trainer"]["epoch"] < epochs
    (run,) = runs_of(store)
    assert run.info.status == "RUNNING"

    done = warm.bundle("training", files, **values, resume=killed / "last.ckpt")
    assert done.code == 0, done.err
    (resumed,) = runs_of(store)
    assert (resumed.info.run_id, resumed.info.status) == (run.info.run_id, "FINISHED")

    assert warm.bundle("training", files, **values, output_dir=whole).code == 0
    left, right = (torch.load(folder / "last.ckpt", weights_only=True) for folder in (killed, whole))
    assert [key for key in right if key != "extra" and not equal(left[key], right[key])] == []
    assert equal(*(read_weights(folder / "model.safetensors") for folder in (killed, whole)))
    assert list(killed.glob(".writing-*")) == []


@pytest.mark.parametrize("network", BUNDLES, ids=str)
def test_two_processes_give_one_run_one_folder_and_weights_without_a_wrapper(  # noqa: PLR0917 (fixtures)
    warm: Warm, cold: dict[str, str], store: str, tmp_path: Path, runs_of: Runs, network: Network
) -> None:
    runs_folder = warm.checkout / "runs" / network.bundle
    before = set(runs_folder.glob("*"))
    values = values_of(network, max_epochs=2, tracking_uri=store)
    process = training(
        warm.checkout,
        f"--config_file={network.sheets('train', tmp_path, 'multi_gpu_train')}",
        *(f"--{key}={value}" for key, value in values.items()),
        environment=cold,
        launcher=("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"),
    )
    out, err = process.communicate(timeout=500)
    assert process.returncode == 0, err
    (folder,) = set(runs_folder.glob("*")) - before
    (run,) = runs_of(store)
    assert run.info.status == "FINISHED"
    assert out.count("best validation") == 1
    weights = read_weights(folder / "model.safetensors")
    assert not [key for key in weights if key.startswith("module.")]
    assert len(list(folder.glob("*.ckpt"))) == len(list(folder.glob("model.safetensors"))) == 1
    assert json.loads((folder / "run.json").read_text())
    sheets = network.sheets("inference", tmp_path)
    done = warm.bundle("run", sheets, weights=folder / "model.safetensors", output_dir=folder / "out")
    assert done.code == 0, done.err


@pytest.mark.parametrize("network", BUNDLES, ids=str)
def test_a_user_error_in_two_processes_is_said_and_fails(
    warm: Warm, cold: dict[str, str], tmp_path: Path, network: Network
) -> None:
    process = training(
        warm.checkout,
        f"--config_file={network.sheets('train', tmp_path, 'multi_gpu_train')}",
        "--epoch=9",
        environment=cold,
        launcher=("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"),
    )
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "dermaseg: error: Unknown key --epoch (value 9)" in err
    assert "Traceback" not in "".join(line for line in err.splitlines() if "dermaseg" in line)
