"""The folder of one run: `runs/<bundle>/<time>/` of the project."""

import atexit
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from dermaseg_monai.bundle.roots import bundle_root, project_root
from dermaseg_monai.errors import ConfigError

_MODEL: Final = "model"
"""Stem of the weights that a training leaves."""


def run_folder(bundle: str, resume: str | None = None) -> str:
    """Return a new folder for a run, made at once so that two runs started in one second never share it.

    It goes when the program ends with nothing in it, because the run was refused before it began. A resumed run goes on
    in the folder of its checkpoint. In a multi-process training all processes get the folder of rank 0.
    """
    if resume:
        file = Path(resume).resolve()
        try:
            return str(file if file.is_dir() else file.parent)
        except OSError as error:
            raise ConfigError(f"{resume} cannot be read: {error.strerror}. Give --resume a file of yours.") from error
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return _new_folder(bundle)
    return _shared_folder(bundle)


def latest_weights(bundle: str) -> str:
    """Return `model.safetensors` of the newest run of a bundle, else the one that the bundle ships.

    Raises:
        ConfigError: neither is there.
    """
    runs = project_root() / "runs" / bundle
    found = sorted(runs.glob("*/model.safetensors"), key=lambda path: path.stat().st_mtime)
    if found:
        return str(found[-1])
    shipped = _shipped(bundle)
    if not shipped.is_file():
        raise ConfigError(
            f"No trained weights in {runs}. Train first (`make train`) or give a file: --weights DIR/model.safetensors."
        )
    return str(shipped)


def released_weights(bundle: str) -> str:
    """Return the `model.safetensors` that a bundle ships.

    Raises:
        ConfigError: it ships none.
    """
    shipped = _shipped(bundle)
    if not shipped.is_file():
        raise ConfigError(f"{bundle} ships no weights ({shipped}). Give a file: --initial_weights FILE.")
    return str(shipped)


def evaluation_folder(weights: str, split: str) -> str:
    """Return where the evaluation of a run's weights on a split goes: beside them, or in a new run of their name.

    Shipped weights (a folder called `models`) are not written beside; their evaluations go below `runs/`. Weights that
    are not called `model` have their name in that of the folder: several files may lie side by side.
    """
    file = Path(weights).resolve()
    folder = file.parent
    home = project_root() / "runs" / folder.parent.name / "shipped" if folder.name == "models" else folder
    name = f"evaluate_{split}" if file.stem == _MODEL else f"evaluate_{split}_{file.stem}"
    return str(home / name)


def _shipped(bundle: str) -> Path:
    return Path(bundle_root(bundle)) / "models" / "model.safetensors"


def _new_folder(bundle: str) -> str:
    runs = project_root() / "runs" / bundle
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    for attempt in range(1000):
        folder = runs / (name if attempt == 0 else f"{name}_{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigError(
                f"Cannot make the run folder {folder}: {error.strerror}. Give another: --output_dir DIR."
            ) from error
        atexit.register(_remove_empty, folder)
        return str(folder)
    raise ConfigError(f"Over 1000 runs were started in {runs} within one second. Give a folder: --output_dir DIR.")


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # it holds a run
        folder.rmdir()


def _shared_folder(bundle: str) -> str:
    from torch import distributed  # noqa: PLC0415 (a single process needs no torch to name a folder)

    if not distributed.is_initialized():
        raise ConfigError(
            "WORLD_SIZE is above 1 but no process group was started. Add multi_gpu_train.json to --config_file."
        )
    name = [_new_folder(bundle) if distributed.get_rank() == 0 else ""]
    distributed.broadcast_object_list(name)
    return name[0]
