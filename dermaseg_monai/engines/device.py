"""Where the network runs."""

import torch
from torch import nn

from dermaseg_monai.errors import DeviceError


def pick_device(name: str = "auto") -> torch.device:
    """Return the device called `name`; `auto` is CUDA where there is one, else the CPU.

    Raises:
        DeviceError: `name` is no device, or it (or that number of CUDA) is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"{name!r} is not a device. Give --device auto, cpu, cuda or cuda:0.") from error
    if device.type == "cuda":
        _require_cuda(device)
    elif device.type != "cpu":
        _require_that_it_computes(device)
    return device


def to_device(network: nn.Module, device: str | torch.device) -> nn.Module:
    """Move a network in place and return it.

    Raises:
        DeviceError: the device is not there.
    """
    return network.to(pick_device(str(device)))


def _require_cuda(device: torch.device) -> None:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        raise DeviceError(
            f"Device {device} was asked for but torch {torch.__version__} sees no CUDA. Give --device cpu."
        )
    if device.index is not None and device.index >= count:
        raise DeviceError(f"Device {device} was asked for but there are {count} CUDA devices, cuda:0 the first.")


def _require_that_it_computes(device: torch.device) -> None:
    # mps, xpu and others have no common question whether they are there; `meta` is, and computes nothing
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(
            f"Device {device} was asked for but torch {torch.__version__} does not compute there. Give --device cpu."
        ) from error
