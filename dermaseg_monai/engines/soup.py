"""The mean of the weights of several trainings: one network, as fast as one."""

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save

from dermaseg_monai.engines.training_cases import TRAINING_CASES, read_training_cases, write_training_cases
from dermaseg_monai.engines.weights import State, read_metadata, read_weights
from dermaseg_monai.errors import WeightsError
from dermaseg_monai.files import replacing
from dermaseg_monai.networks.weights_file import differences

_OF_ONE_TRAINING: Final = ("epoch", "metric", "torch", "dermaseg_monai", "averaged")
_DIGITS: Final = 12

logger = logging.getLogger(__name__)


def average_weights(paths: Sequence[str | Path], folder: str | Path) -> Path:
    """Write `model.safetensors`, the mean of weights files of one network, and return its path.

    A uniform model soup (Wortsman et al. 2022, arXiv 2203.05482). It helps where the trainings began from the same
    weights and is worth nothing where they did not, so score it on validation. Counters take the largest value, all
    else its mean; running batch norm statistics are averaged too and not measured anew. `training_cases.csv.gz` beside
    it holds what any of the trainings saw; where one does not say it, none is written, with a warning, so that nobody
    takes a part for the whole.

    Args:
        paths: two or more `model.safetensors` of one network, trained at one size and prepared alike.
        folder: where to write; not the folder of one of them.

    Raises:
        WeightsError: fewer than two files, one is missing or damaged, they are of different networks or were not
            trained alike (says what differs), or one would be overwritten.
        DataError: the folder cannot be written.
    """
    files = [Path(path) for path in paths]
    if len(files) < 2:  # noqa: PLR2004 (one has no mean)
        raise WeightsError(f"Weights to average: {', '.join(map(str, files)) or 'none'}. Give two files or more.")
    if inside := [file for file in files if file.resolve().parent == Path(folder).resolve()]:
        raise WeightsError(f"{inside[0]} lies in {folder}, where the mean would be written. Give another folder.")
    states = [read_weights(file) for file in files]
    metadata = _shared_metadata(files)
    for file, state in zip(files[1:], states[1:], strict=True):
        if found := differences(states[0], state):
            raise WeightsError(
                f"{file} and {files[0]} are of different networks: of the tensors of the former {found}."
            )
    metadata |= {"epoch": "none", "metric": "none", "averaged": json.dumps([_digest(file) for file in files])}
    with replacing(Path(folder) / "model.safetensors") as temporary:
        temporary.write_bytes(save(_mean(states), metadata=metadata))
    _join_training_cases(files, Path(folder))
    return Path(folder) / "model.safetensors"


def _mean(states: Sequence[State]) -> State:
    return {key: _mean_of([state[key] for state in states]) for key in states[0]}


def _mean_of(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    stack = torch.stack([tensor.double() if tensor.is_floating_point() else tensor for tensor in tensors])
    mean = stack.mean(dim=0) if stack.is_floating_point() else stack.amax(dim=0)
    return mean.to(tensors[0].dtype).contiguous()


def _shared_metadata(files: Sequence[Path]) -> dict[str, str]:
    first, *others = [
        {key: value for key, value in read_metadata(file).items() if not _is_of_one_training(key)} for file in files
    ]
    for file, other in zip(files[1:], others, strict=True):
        if odd := sorted(key for key in first.keys() | other.keys() if first.get(key) != other.get(key)):
            said = ", ".join(f"{key} {first.get(key)} and {other.get(key)}" for key in odd)
            raise WeightsError(
                f"{files[0]} and {file} were not trained alike: {said}. Average trainings of one network at one size."
            )
    return first


def _is_of_one_training(key: str) -> bool:
    return key in _OF_ONE_TRAINING or key.startswith("val_")


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:_DIGITS]


def _join_training_cases(files: Sequence[Path], folder: Path) -> None:
    known = [read_training_cases(file) for file in files]
    silent = [str(file) for file, rows in zip(files, known, strict=True) if rows is None]
    if silent:
        logger.warning("What %s was trained on is not known, so %s is not written.", ", ".join(silent), TRAINING_CASES)
        (folder / TRAINING_CASES).unlink(missing_ok=True)
        return
    write_training_cases(folder / TRAINING_CASES, [row for rows in known for row in rows or []])
