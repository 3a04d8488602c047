"""Weights files: written with what they were trained for, loaded only when every tensor fits."""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from dermaseg_monai.engines.average import unwrapped
from dermaseg_monai.errors import WeightsError
from dermaseg_monai.files import replacing

State = dict[str, torch.Tensor]

_NAMED = 3


def load_weights(network: nn.Module, path: str | Path) -> nn.Module:
    """Load a weights file into a network, every tensor or none, and return the network.

    Takes `.safetensors` and `.pt` / `.pth` (a state dict, or {"model": state dict}); no code in a file is ever run.

    Raises:
        WeightsError: the file is missing, damaged, or made for another network; says which keys and shapes differ.
    """
    state = read_weights(path)
    require_fit(network, state, path)
    unwrapped(network).load_state_dict(state)
    return network


def read_weights(path: str | Path) -> State:
    """Return the state dict of a weights file, on the CPU.

    Raises:
        WeightsError: the file is missing, damaged, or holds no state dict.
    """
    file = Path(path)
    if file.suffix == ".ckpt":
        found = f"{file} is the state to resume a training from, not a weights file"
        raise WeightsError(f"{found}. Give {file.with_name('model.safetensors')}.")
    content = _read_safetensors(file) if file.suffix == ".safetensors" else read_torch(file)
    if isinstance(content.get("model"), Mapping):
        content = content["model"]
    if not content or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise WeightsError(f"{file} holds no state dict (names with tensors). Give a model.safetensors or model.pt.")
    return dict(content)


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return what a `.safetensors` file says of itself: encoder, epoch, score, versions.

    Raises:
        WeightsError: the file is missing, damaged, or of another kind.
    """
    file = Path(path)
    _require_file(file)
    if file.suffix != ".safetensors":
        beside = file.with_name("model.safetensors")
        raise WeightsError(f"{file} does not say how it was trained; only .safetensors files do. Give {beside}.")
    try:
        with safe_open(path, framework="pt") as opened:
            return dict(opened.metadata() or {})
    except SafetensorError as error:
        raise _damaged(file, error) from error


def trained_with(weights: str | Path, name: str) -> int | str:
    """Return one value that a `.safetensors` file says it was trained with, such as `encoder` or `image_size`.

    Raises:
        WeightsError: the file is missing or damaged, or does not say it.
    """
    metadata = read_metadata(weights)
    if name not in metadata:
        found = ", ".join(sorted(metadata)) or "nothing"
        raise WeightsError(f"{weights} does not say its {name} (it says: {found}). Give it: --{name} VALUE.")
    value = metadata[name]
    return int(value) if value.isdecimal() else value


def write_weights(path: str | Path, network: nn.Module, metadata: Mapping[str, str]) -> None:
    """Write a network's state dict and its metadata as `.safetensors`, whole or not at all.

    Raises:
        DataError: no space is left, or the folder cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(save(cpu_state(network), metadata=dict(metadata)))


def cpu_state(network: nn.Module) -> State:
    """Return a copy of a network's state dict on the CPU, without the `module.` of a wrapper."""
    return {key: value.detach().cpu().clone().contiguous() for key, value in unwrapped(network).state_dict().items()}


def require_fit(network: nn.Module, state: Mapping[str, torch.Tensor], path: str | Path) -> None:
    """Check that a state dict has the keys and shapes of a network.

    Raises:
        WeightsError: it has not; says which.
    """
    wanted = unwrapped(network).state_dict()
    shapes = [
        f"{key} is {tuple(state[key].shape)}, the network has {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in state and state[key].shape != value.shape
    ]
    missing = [key for key in wanted if key not in state]
    foreign = [key for key in state if key not in wanted]
    found = [
        f"{len(names)} {what} ({', '.join(names[:_NAMED])}{', ...' if len(names) > _NAMED else ''})"
        for what, names in (("missing", missing), ("unknown", foreign), ("of another shape", shapes))
        if names
    ]
    if found:
        name = type(unwrapped(network)).__name__
        advice = "Use the same network, --encoder and --output_stride as in its training"
        raise WeightsError(f"{path} was not made for this {name}: of its tensors {', '.join(found)}. {advice}.")


def read_torch(file: Path) -> dict[str, Any]:
    """Return a dict written by torch.save, tensors on the CPU, without running any code in it.

    Raises:
        WeightsError: the file is missing or damaged, holds code, or holds something else than a dict.
    """
    _require_file(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's about the pickle of a file that it then refuses
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{file} is damaged or holds more than tensors; it was not loaded.") from error
    except Exception as error:  # a damaged file trips the reader in every possible way
        raise _damaged(file, error) from error
    if not isinstance(content, dict):
        raise WeightsError(f"{file} holds a {type(content).__name__}, not a dict of tensors.")
    return content


def _read_safetensors(file: Path) -> dict[str, Any]:
    _require_file(file)
    try:
        return load_file(file)
    except SafetensorError as error:
        raise _damaged(file, error) from error


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise WeightsError(f"There is no weights file {file}. Train first, or give the path of a model.safetensors.")


def _damaged(file: Path, error: Exception) -> WeightsError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return WeightsError(f"{file} cannot be read ({reason[:200]}). It is damaged or cut off; copy or train it again.")
