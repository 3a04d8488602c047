"""Reading files of weights, and saying where they differ from a network; no code in a file is ever run."""

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from dermaseg_monai.errors import WeightsError

SHOWN = 3
LONGEST_REASON = 200


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the state dict in a file of safetensors or of `torch.save`, on the CPU.

    Raises:
        WeightsError: the file is missing or damaged, or holds something else, also around a state dict.
    """
    content = read_content(path)
    if not content or not all(isinstance(value, Tensor) for value in content.values()):
        found = ", ".join(map(str, list(content)[:SHOWN])) or "nothing"
        raise WeightsError(
            f"{path} holds no plain state dict of tensors, but: {found}. Save the network's own state dict: "
            "torch.save(checkpoint['state_dict'], PATH)."
        )
    return content


def read_content(path: Path) -> dict[str, Any]:
    """Return what a file of safetensors or, whatever it is called, of `torch.save` holds, tensors on the CPU.

    Raises:
        WeightsError: the file is missing or damaged, holds code, or something else than a dict.
    """
    require_file(path)
    _require_unpacked(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's about the pickle of a file that it then refuses
            content = (
                load_file(path)
                if path.suffix == ".safetensors"
                else torch.load(path, map_location="cpu", weights_only=True)
            )
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} cannot be read as weights: it is damaged or holds more than tensors; it was not loaded. Code in a "
            "file is refused. Save a state dict with safetensors or torch.save(network.state_dict(), PATH)."
        ) from error
    except Exception as error:  # a damaged file trips the reader in every possible way
        raise damaged(path, error) from error
    if not isinstance(content, Mapping):
        raise WeightsError(
            f"{path} holds a {type(content).__name__}, not a dict of tensors. Save a network's own state dict: "
            "torch.save(network.state_dict(), PATH)."
        )
    return dict(content)


def require_file(path: Path) -> None:
    """Check that a file is there.

    Raises:
        WeightsError: it is not.
    """
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}. Train first, or give the path of a model.safetensors.")


def _require_unpacked(path: Path) -> None:
    """Check that a file of `torch.save`, which is a zip archive, is not packed: a small one could fill the memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            packed = [info.filename for info in archive.infolist() if info.compress_type != zipfile.ZIP_STORED]
    except (OSError, zipfile.BadZipFile):
        return  # no archive: torch's older form or another file, of which its reader says more
    except (ValueError, NotImplementedError, OverflowError) as error:
        raise damaged(path, error) from error  # torch might read what nobody could look into
    if packed:
        raise WeightsError(
            f"{path} is a packed archive (first {packed[0]!r}), which torch.save never writes. Unpack it, or get the "
            "weights as they were saved."
        )


def damaged(path: Path, error: Exception) -> WeightsError:
    """Return the error that says so of a file that the reader stumbled over with `error`."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:LONGEST_REASON]
    return WeightsError(
        f"{path} cannot be read as weights ({reason}). It is damaged or cut short; copy, download or train it again."
    )


def differences(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """Say how many tensors, and the first names, are missing, unknown or of another shape; "" where all fit."""
    shapes = [
        f"{key} is {tuple(given[key].shape)}, the network has {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in given and given[key].shape != value.shape
    ]
    missing = [key for key in wanted if key not in given]
    unknown = [key for key in given if key not in wanted]
    return ", ".join(
        f"{len(keys)} {what} ({', '.join(keys[:SHOWN])}{', ...' if len(keys) > SHOWN else ''})"
        for keys, what in ((missing, "missing"), (unknown, "unknown"), (shapes, "of another shape"))
        if keys
    )
