"""The mean of the weights of several trainings: one network, as fast as one."""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save

from dermaseg_monai import __version__
from dermaseg_monai.engines.training_record import (
    TRAINING_CASES,
    TrainingCase,
    read_training_cases,
    write_training_cases,
)
from dermaseg_monai.engines.weights import State, read_metadata, read_weights
from dermaseg_monai.errors import WeightsError
from dermaseg_monai.files import parse_json, remove, replacing, sha256_of
from dermaseg_monai.networks.weights_file import differences

_AVERAGED: Final = "averaged"
_OF_ONE_TRAINING: Final = ("epoch", "metric", "torch", "dermaseg_monai", _AVERAGED)
_UNSAID: Final = {"rates": "[3, 6, 9]", "hair_removal": "False", "colour_constancy": "False"}
"""What a training did whose weights are of before there was a choice; the inference sheets take the same."""
_DIGITS: Final = 12

logger = logging.getLogger(__name__)


def average_weights(paths: Sequence[str | Path], folder: str | Path) -> Path:
    """Write `model.safetensors`, the mean of weights files of one network, and return its path.

    A uniform model soup (Wortsman et al. 2022, arXiv 2203.05482). It helps where the trainings began from the same
    weights and is worth nothing where they did not, so score it on validation. Counters take the largest value, all
    else its mean; running batch norm statistics are averaged too and not measured anew. The file says of itself which
    trainings have which share (`averaged`: start of the sha256 to share; of a file that is a mean itself, its parts).
    `training_cases.csv.gz` beside it holds what any of the trainings saw; where one does not say it, none is written,
    with a warning, so that nobody takes a part for the whole.

    Args:
        paths: two or more `model.safetensors` of one network, trained at one size and prepared alike.
        folder: where to write; not the folder of one of them.

    Raises:
        WeightsError: fewer than two files, one is given twice, missing or damaged, they are of different networks or
            were not trained alike (says what differs), one holds values that are not finite, or would be overwritten.
        DataError: a list of training cases is damaged, or the folder cannot be written.
    """
    files = [Path(path).resolve() for path in paths]
    _require_several(files, Path(folder).resolve())
    states = [read_weights(file) for file in files]
    metadata = _shared_metadata(files)
    for file, state in zip(files[1:], states[1:], strict=True):
        _require_alike(files[0], states[0], file, state)
    mean = {key: _mean([state[key] for state in states]) for key in states[0]}
    if odd := [key for key, value in mean.items() if not bool(torch.isfinite(value).all())]:
        raise WeightsError(f"The mean of {odd[0]} is not finite. One of the trainings broke; leave it out.")
    rows = _seen_by_any(files)
    metadata |= {"epoch": "none", "metric": "none", "dermaseg_monai": __version__, "torch": str(torch.__version__)}
    metadata[_AVERAGED] = json.dumps(_shares(files), sort_keys=True)
    target = Path(folder) / "model.safetensors"
    # the list goes first and comes last: what stops half-way leaves weights that nothing is said of, never others' list
    remove(target.parent / TRAINING_CASES)
    with replacing(target) as temporary:
        temporary.write_bytes(save(mean, metadata=metadata))
    if rows is not None:
        write_training_cases(target.parent / TRAINING_CASES, rows)
    return target


def _require_several(files: Sequence[Path], folder: Path) -> None:
    if len(files) < 2:  # noqa: PLR2004 (one has no mean)
        raise WeightsError(f"Weights to average: {', '.join(map(str, files)) or 'none'}. Give two files or more.")
    if twice := [file for file, count in Counter(files).items() if count > 1]:
        raise WeightsError(f"{twice[0]} is given twice. Give every file once.")
    if inside := [file for file in files if file.parent == folder]:
        raise WeightsError(f"{inside[0]} lies in {folder}, where the mean would be written. Give another folder.")


def _require_alike(first: Path, wanted: State, file: Path, state: State) -> None:
    if found := differences(wanted, state):
        raise WeightsError(f"{file} and {first} are of different networks: of the tensors of the former {found}.")
    if odd := [key for key, value in wanted.items() if state[key].dtype != value.dtype]:
        types = f"{wanted[odd[0]].dtype} and {state[odd[0]].dtype}"
        raise WeightsError(f"{first} and {file} hold {odd[0]} as {types}. Write both in one precision.")


def _mean(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    stack = torch.stack(list(tensors))
    if not stack.is_floating_point():
        return stack.amax(dim=0).contiguous()
    return stack.double().mean(dim=0).to(stack.dtype).contiguous()


def _shared_metadata(files: Sequence[Path]) -> dict[str, str]:
    first, *others = [
        {key: value for key, value in read_metadata(file).items() if not _is_of_one_training(key)} for file in files
    ]
    said = {key for one in (first, *others) for key in one}
    for one in (first, *others):
        one.update({key: value for key, value in _UNSAID.items() if key in said and key not in one})
    for file, other in zip(files[1:], others, strict=True):
        if odd := sorted(key for key in first.keys() | other.keys() if first.get(key) != other.get(key)):
            found = ", ".join(f"{key} {first.get(key)} and {other.get(key)}" for key in odd)
            raise WeightsError(
                f"{files[0]} and {file} were not trained alike: {found}. Average trainings of one network at one size."
            )
    return first


def _is_of_one_training(key: str) -> bool:
    return key in _OF_ONE_TRAINING or key.startswith("val_")


def _shares(files: Sequence[Path]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for file in files:
        for part, share in _parts(file).items():
            shares[part] = shares.get(part, 0.0) + share / len(files)
    return shares


def _parts(file: Path) -> dict[str, float]:
    said = read_metadata(file).get(_AVERAGED)
    if said is None:
        return {sha256_of(file)[:_DIGITS]: 1.0}
    try:
        return {str(part): float(share) for part, share in parse_json(said).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{file} says {said[:80]!r} of what it is the mean of. Average its trainings anew."
        ) from error


def _seen_by_any(files: Sequence[Path]) -> list[TrainingCase] | None:
    known = [read_training_cases(file) for file in files]
    silent = [str(file) for file, rows in zip(files, known, strict=True) if rows is None]
    if silent:
        logger.warning("What %s was trained on is not known, so %s is not written.", ", ".join(silent), TRAINING_CASES)
        return None
    return [row for rows in known for row in rows or []]
