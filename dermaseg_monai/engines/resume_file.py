"""The file a training is resumed from, read and checked before anything is changed."""

from pathlib import Path
from typing import Any, Final

from dermaseg_monai.errors import TrainingError, WeightsError
from dermaseg_monai.networks.weights_file import read_content

LAST: Final = "last.ckpt"

_PARTS = {"schema", "network", "average", "optimizer", "lr_scheduler", "scaler", "trainer", "best", "rng", "extra"}


def resume_file(path: str | Path) -> Path:
    """Return the `last.ckpt` that is meant by it, by its folder, or by a link to either.

    Raises:
        WeightsError: its folder cannot be entered.
    """
    file = Path(path).resolve()
    try:
        return file / LAST if file.is_dir() else file
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}. Give --resume a file of yours.") from error


def read_resume_file(path: str | Path) -> dict[str, Any]:
    """Return the content of a `last.ckpt`.

    Raises:
        WeightsError: the file is missing, damaged or no resume state.
    """
    file = resume_file(path)
    if not file.is_file():
        raise WeightsError(f"There is no {file} to resume from. Give --resume the last.ckpt of a run's folder.")
    if file.suffix == ".safetensors":
        raise WeightsError(f"{file} holds weights only; a training resumes from {file.with_name(LAST)}.")
    content = read_content(file)
    missing = sorted(_PARTS - content.keys())
    if missing:
        raise WeightsError(f"{file} is no resume state, it has no {', '.join(missing)}. Give --resume a last.ckpt.")
    return content


def saved_extra(path: str | Path) -> dict[str, Any]:
    """Return what was saved beside the training state, {"run_id": ...}: the tracked run that goes on.

    Raises:
        WeightsError: the file is missing, damaged or no resume state.
    """
    return dict(read_resume_file(path)["extra"])


def require_same_epoch_length(saved: dict[str, Any], state: Any, path: str | Path) -> None:  # noqa: ANN401 (ignite's State)
    """Check that a trainer can go on where the saved one stopped.

    Raises:
        TrainingError: all epochs are trained, or an epoch had another number of iterations.
    """
    if saved["epoch_length"] != state.epoch_length:
        found = f"{path} has epochs of {saved['epoch_length']} iterations, this run has {state.epoch_length}"
        raise TrainingError(f"{found}. Resume with the same manifest, --batch_size and number of processes.")
    if saved["epoch"] >= state.max_epochs:
        found = f"{path} has trained {saved['epoch']} epochs and max_epochs is {state.max_epochs}"
        raise TrainingError(f"{found}: nothing is left to do. Give a larger --max_epochs.")
