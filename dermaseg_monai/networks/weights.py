"""Pretrained encoder weights: named ones with their facts, and files of one's own, loaded without pickle."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from dermaseg_monai.errors import WeightsError
from dermaseg_monai.files import sha256_of

LICENCE = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms allow non-commercial research"
CLASSIFIERS = ("fc.", "classifier.")
SHOWN = 3


@dataclass(frozen=True)
class NamedWeights:
    """Where published weights lie; `sha256_prefix` is what torchvision states in the file name."""

    url: str
    sha256_prefix: str
    licence: str = LICENCE


def _torchvision(file: str) -> NamedWeights:
    return NamedWeights(f"https://download.pytorch.org/models/{file}", Path(file).stem.rpartition("-")[2])


NAMED_WEIGHTS: Mapping[str, NamedWeights] = {
    "resnet18_imagenet1k_v1": _torchvision("resnet18-f37072fd.pth"),
    "resnet34_imagenet1k_v1": _torchvision("resnet34-b627a593.pth"),
    "resnet50_imagenet1k_v1": _torchvision("resnet50-0676ba61.pth"),
    "resnet50_imagenet1k_v2": _torchvision("resnet50-11ad3fa6.pth"),
    "resnet101_imagenet1k_v1": _torchvision("resnet101-63fe2227.pth"),
    "resnet101_imagenet1k_v2": _torchvision("resnet101-cd907fc2.pth"),
    "mobilenet_v2_imagenet1k_v1": _torchvision("mobilenet_v2-b0353104.pth"),
    "mobilenet_v2_imagenet1k_v2": _torchvision("mobilenet_v2-7ebf99e0.pth"),
}


def load_encoder_weights(encoder: nn.Module, source: str | Path, *, name: str) -> None:
    """Fill `encoder` (an encoder called `name`) from a file, or from named weights, downloaded when absent.

    Files are safetensors, or what `torch.save` made of a state dict, with torchvision's parameter names. The classifier
    (`fc.*`, `classifier.*`) is left out, all else has to match; nothing is changed when it does not.

    Raises:
        WeightsError: no such file or name, a download that failed, a file that is no state dict of tensors, or one made
            for another network.
    """
    path = _locate(str(source), name)
    given = {key: tensor for key, tensor in read_tensors(path).items() if not key.startswith(CLASSIFIERS)}
    _require_fit(encoder.state_dict(), given, path, name)
    encoder.load_state_dict(given, strict=False)  # compared above; old files lack batch norm's step counters


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a file, on the CPU; no code in the file is ever run.

    Raises:
        WeightsError: the file cannot be read, or holds something else.
    """
    try:
        content = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (OSError, EOFError, KeyError, RuntimeError, ValueError, SafetensorError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"{path} cannot be read as weights ({type(error).__name__}). It may be cut short, or hold more than "
            "tensors, which is refused. Save a state dict with safetensors or torch.save(network.state_dict(), PATH)."
        ) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        found = ", ".join(map(str, list(content)[:SHOWN])) if isinstance(content, Mapping) else type(content).__name__
        raise WeightsError(
            f"{path} holds no plain state dict of tensors, but: {found}. Save the encoder's own state dict: "
            "torch.save(checkpoint['state_dict'], PATH)."
        )
    return dict(content)


def _locate(source: str, name: str) -> Path:
    if source in NAMED_WEIGHTS:
        return _download(source)
    path = Path(source).expanduser()
    if path.is_file():
        return path
    known = ", ".join(key for key in NAMED_WEIGHTS if key.startswith(f"{name}_"))
    raise WeightsError(
        f"There is no weights file {source}, and no weights of that name for {name}. "
        f"Set encoder_weights to an existing file, to a name ({known}) or to null for none."
    )


def _download(weights_name: str) -> Path:
    weights = NAMED_WEIGHTS[weights_name]
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(weights.url, str(path), hash_prefix=weights.sha256_prefix)
        except (OSError, RuntimeError) as error:
            raise WeightsError(
                f"{weights_name} could not be downloaded from {weights.url}: {error}. Fetch that file elsewhere "
                f"and put it at {path}, or set encoder_weights to its path."
            ) from error
    found = sha256_of(path)
    if not found.startswith(weights.sha256_prefix):
        raise WeightsError(
            f"{path} is not {weights_name}: its sha256 starts with {found[:8]} instead of {weights.sha256_prefix}. "
            "Delete the file and run again."
        )
    return path


def _require_fit(own: Mapping[str, Tensor], given: Mapping[str, Tensor], path: Path, name: str) -> None:
    missing = [key for key in own if key not in given and not key.endswith("num_batches_tracked")]
    unexpected = [key for key in given if key not in own]
    shapes = [
        f"{key} {tuple(given[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in given and given[key].shape != own[key].shape
    ]
    faults = [
        f"{len(keys)} {what} ({', '.join(keys[:SHOWN])}{', ...' if len(keys) > SHOWN else ''})"
        for keys, what in ((missing, "missing"), (unexpected, "unexpected"), (shapes, "of another shape"))
        if keys
    ]
    if faults:
        raise WeightsError(
            f"{path} does not fit the encoder {name}: {'; '.join(faults)} of {len(own)} tensors. "
            f"Set encoder to the network the file was made for, or encoder_weights to a file for {name}."
        )
