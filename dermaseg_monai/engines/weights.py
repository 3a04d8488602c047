"""Weights files: written with what they were trained for, loaded only when every tensor fits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from dermaseg_monai.engines.average import unwrapped
from dermaseg_monai.errors import WeightsError
from dermaseg_monai.files import parse_json, replacing
from dermaseg_monai.networks.weights_file import damaged, differences, read_content, require_file

State = dict[str, torch.Tensor]

_TRUTHS: Final = {"True": True, "False": False}
_SEVERAL: Final = ("baselines", "unet3d")
"""Bundles whose networks stand in overlays."""


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
    content = read_content(file)
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
    require_file(file)
    if file.suffix != ".safetensors":
        beside = file.with_name("model.safetensors")
        raise WeightsError(f"{file} does not say how it was trained; only .safetensors files do. Give {beside}.")
    try:
        with safe_open(path, framework="pt") as opened:
            return dict(opened.metadata() or {})
    except SafetensorError as error:
        raise damaged(file, error) from error


def trained_with(
    weights: str | Path, name: str, *, otherwise: bool | list[int] | None = None
) -> bool | int | str | list[float] | list[int]:
    """Return one value that a `.safetensors` file says it was trained with: `encoder`, `image_size`, `spacing_mm`.

    A file from before a choice was there says nothing of it; `otherwise` is what such trainings did, and of a list
    says that its numbers are whole ones.

    Raises:
        WeightsError: the file is missing or damaged, or does not say it and there is no `otherwise`.
    """
    metadata = read_metadata(weights)
    if name not in metadata:
        if otherwise is not None:
            return otherwise
        found = ", ".join(sorted(metadata)) or "nothing"
        raise WeightsError(f"{weights} does not say its {name} (it says: {found}). Give it: --{name} VALUE.")
    value = metadata[name]
    if value.startswith("["):
        return _numbers(value, int if isinstance(otherwise, list) else float, f"{weights} says {name} {value}")
    if value in _TRUTHS:
        return _TRUTHS[value]
    return int(value) if value.isdecimal() else value


def _numbers(text: str, kind: type[int] | type[float], said: str) -> list[Any]:
    try:
        return [kind(one) for one in parse_json(text)]
    except (TypeError, ValueError, OverflowError) as error:
        raise WeightsError(f"{said}, which is no list of numbers. Copy the file again from its source.") from error


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
    if found := differences(unwrapped(network).state_dict(), state):
        name = type(unwrapped(network)).__name__
        advice = _advice(name, Path(path))
        raise WeightsError(f"{path} was not made for this {name}: of its tensors {found}. {advice}.")


def _advice(name: str, file: Path) -> str:
    said = read_metadata(file) if file.suffix == ".safetensors" else {}
    trained, bundle = said.get("network", name), said.get("bundle", "another")
    if trained == name:
        return "Use the same overlays and options of the network (--encoder, --output_stride) as in its training"
    overlay = f", with the overlay of {trained} (configs/networks) directly after the sheet, if it has one"
    return f"It holds a {trained}: use the sheets of the bundle {bundle}{overlay if bundle in _SEVERAL else ''}"
