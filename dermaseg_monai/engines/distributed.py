"""Several processes, one training: what `torchrun` starts."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar
from weakref import WeakSet

import ignite.distributed as idist
import torch
from monai.data.samplers import DistributedSampler
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import Dataset

from dermaseg_monai.engines.device import pick_device, to_device
from dermaseg_monai.errors import ConfigError, DermasegError, DeviceError

T = TypeVar("T")

_PATIENCE: Final = timedelta(hours=1)
"""At the end of a run rank 0 uploads files for minutes while the others wait; NCCL's own limit is 10 minutes."""

_wrapped: Final[WeakSet[DistributedDataParallel]] = WeakSet()
"""The networks that hold the process group, which has to end before Python does."""


def start_distributed(device: str | torch.device = "auto") -> None:
    """Join the other processes of this `torchrun`; the first thing a run of several processes does.

    The back end is NCCL where the device is CUDA, else gloo. ignite is told on every rank at once: its first
    look at the rank is a collective call, and where only rank 0 makes it (a saver) the others wait for ever.

    Args:
        device: of the run; `auto` is CUDA where there is one.

    Raises:
        ConfigError: the process was not started by torchrun.
        DeviceError: there is no such device, or there are more processes than CUDA devices.
    """
    if distributed.is_initialized():
        return
    missing = [name for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR") if name not in os.environ]
    if missing:
        command = "torchrun --standalone --nproc_per_node=2 -m monai.bundle run training --config_file ..."
        raise ConfigError(
            f"This sheet is for several processes but {', '.join(missing)} is not set. Start it with `{command}`."
        )
    place = rank_device(str(device))
    if place.type == "cuda":
        torch.cuda.set_device(place)
    distributed.init_process_group("nccl" if place.type == "cuda" else "gloo", timeout=_PATIENCE)
    idist.sync()


def stop_distributed() -> None:
    """Wait for the others and leave; the last thing a run of several processes does. Alone, nothing happens.

    The networks of `distributed_network` are let go of the group: what torch calls destroyed lives on as long as one
    of them holds it, and gloo's threads with it. A thread that drops its last tensor while Python ends aborts the
    process (https://github.com/pytorch/pytorch/pull/179291): a run that ended well would exit with 1.
    """
    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()
        for network in list(_wrapped):
            for name in ("process_group", "reducer", "logger"):
                setattr(network, name, None)
        distributed.destroy_process_group()
        idist.sync()


def rank_device(name: str = "auto") -> torch.device:
    """Return the device of this process: `cuda:LOCAL_RANK` or the CPU.

    Raises:
        DeviceError: there is no such device, or there are more processes than CUDA devices.
    """
    device = pick_device(name)
    if device.type != "cuda" or device.index is not None:
        return device
    rank, devices = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", rank + 1))
    if processes > devices:
        raise DeviceError(
            f"torchrun started {processes} processes here, and torch sees {devices} CUDA devices: each process needs "
            f"its own. Give torchrun --nproc_per_node={devices}, or train on the CPU with --device cpu."
        )
    return pick_device(f"cuda:{rank}")


def distributed_network(
    network: nn.Module, device: str | torch.device, *, find_unused_parameters: bool = False
) -> nn.Module:
    """Return the network on its device, wrapped so that all ranks train the same weights.

    On CUDA batch norm takes its statistics over all ranks; on the CPU torch has no such layer and rank 0's are kept.
    Without a process group this is `to_device`.

    Raises:
        DeviceError: the device is not there.
    """
    if world_size() == 1:
        return to_device(network, device)
    place = pick_device(str(device))
    if place.type == "cuda":
        network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
    ids = [place.index] if place.type == "cuda" else None
    wrapped = DistributedDataParallel(network.to(place), device_ids=ids, find_unused_parameters=find_unused_parameters)
    _wrapped.add(wrapped)
    return wrapped


def rank_sampler(dataset: Dataset[object], *, even_divisible: bool, shuffle: bool, seed: int = 0) -> DistributedSampler:
    """Return MONAI's sampler of this rank's share of the cases; the arguments are its own.

    Raises:
        ConfigError: there are fewer cases than processes.
    """
    cases = len(dataset)  # pyright: ignore[reportArgumentType] (torch's base class leaves the length to others)
    if cases < world_size():
        raise ConfigError(
            f"{world_size()} processes share {cases} cases of one split, and one of them would have none. Start fewer "
            "(torchrun --nproc_per_node), or give a --manifest with more."
        )
    return DistributedSampler(dataset, even_divisible=even_divisible, shuffle=shuffle, seed=seed)


def is_rank_zero() -> bool:
    """Say whether this process is the one that writes."""
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0


def world_size() -> int:
    """Return the number of processes that train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def on_rank_zero(action: Callable[[], None]) -> None:
    """Do something on rank 0 alone; an error of ours is raised on every rank, so that none waits for another."""
    found: DermasegError | None = None
    if is_rank_zero():
        try:
            action()
        except DermasegError as error:
            found = error
    found = from_rank_zero(found)
    if found is not None:
        raise found


def from_rank_zero(value: T) -> T:
    """Return rank 0's value on every rank: one folder, one run id for all."""
    if world_size() == 1:
        return value
    box = [value]
    distributed.broadcast_object_list(box, src=0)
    return box[0]


def from_all_ranks(rows: list[T]) -> list[T]:
    """Return the rows of all ranks, rank after rank, on every rank."""
    if world_size() == 1:
        return list(rows)
    boxes: list[list[T]] = [[] for _ in range(world_size())]
    distributed.all_gather_object(boxes, rows)
    return [row for box in boxes for row in box]
