"""What an evaluator's state holds after a batch, case by case."""

from typing import Any

import numpy as np
import torch
from ignite.engine import Engine

from dermaseg_monai.errors import ConfigError


def samples(engine: Engine) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return (sample, result) per case of the present batch.

    Raises:
        ConfigError: the evaluator does not decollate, or the samples carry no case_id.
    """
    batch, output = engine.state.batch, engine.state.output
    if not isinstance(batch, list) or not isinstance(output, list):
        raise ConfigError("The evaluator gives whole batches; leave `decollate` at true in the sheet.")
    if any("case_id" not in sample for sample in batch):
        raise ConfigError("A sample carries no case_id; build the list of cases with dermaseg_monai.data.cases.")
    return list(zip(batch, output, strict=True))


def channel(value: Any) -> np.ndarray:  # noqa: ANN401 (tensor with metadata, tensor or array)
    """Return the one channel of a map as an array: "1 h w" becomes "h w", "1 x y z" becomes "x y z"."""
    array = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    if array.shape[0] != 1:
        raise ConfigError(f"A map of shape {array.shape} came where one channel was expected.")
    return array[0]


def file_of(sample: dict[str, Any], key: str) -> str:
    """Return the path that the image or label of a sample was read from: `<key>_path`, else MONAI's metadata.

    Raises:
        ConfigError: the sample knows neither.
    """
    path = sample.get(f"{key}_path") or getattr(sample.get(key), "meta", {}).get("filename_or_obj")
    if path is None:
        found = f"The {key} of case {sample.get('case_id')} does not know its file"
        raise ConfigError(f"{found}. Build the list of cases with dermaseg_monai.data.cases or readable_images.")
    return str(path)
