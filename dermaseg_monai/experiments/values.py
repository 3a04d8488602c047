"""The values of a training or an evaluation: made ready for a command line, and checked before it is started."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.bundle import read_sheet
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.grid import Training
from dermaseg_monai.experiments.spec import require_known

ARCHITECTURE: Final = ("encoder", "encoder_weights", "output_stride")
"""Keys of every sheet that only some networks take."""
OF_TRAINING: Final = ("encoder", "encoder_weights", "output_stride", "image_size", "initial_weights", "batch_size")
"""Keys that an evaluation takes from the weights file, or does not take: it sees one image at a time."""
_PATHS: Final = ("manifest", "dataset_dir", "encoder_weights", "initial_weights")
_NEEDED: Final = ("manifest", "initial_weights")
"""Files without which every run would fail, one after another."""


def training_values(training: Training, where: str) -> dict[str, Any]:
    """Return the values of a training, its loss among them.

    Raises:
        ConfigError: the loss is unknown; offers the nearest.
    """
    from dermaseg_monai.losses import OVERLAPS  # noqa: PLC0415 (torch)

    values = absolute(training.values)
    if training.loss is not None:
        require_known([training.loss], OVERLAPS, what="loss", where=where)
        values["loss#overlap"] = training.loss
    return values


def absolute(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with absolute paths: a run may be started in another folder, on another machine."""
    found = dict(values)
    for key in _PATHS:
        if isinstance(found.get(key), str) and Path(found[key]).exists():
            found[key] = str(Path(found[key]).resolve())
    return found


def merged_sheet(files: Sequence[str], values: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return the sheet that files and values give together.

    Raises:
        ConfigError: a key or value does not fit; says which, and of which run.
    """
    try:
        return read_sheet(files, values).config
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def require_files(values: Mapping[str, Any], where: str) -> None:
    """Refuse a manifest or first weights that are not there.

    Raises:
        ConfigError: says which.
    """
    missing = [key for key in _NEEDED if isinstance(values.get(key), str) and not Path(values[key]).is_file()]
    if missing:
        key = missing[0]
        raise ConfigError(f"{where}: {key} {values[key]!r} is not a file (current folder {Path.cwd()}). Correct {key}.")


def require_encoder(network: str, sheet: Mapping[str, Any], where: str) -> None:
    """Refuse an encoder that the network cannot stand on, before the first run fails over it.

    Raises:
        ConfigError: offers the nearest.
    """
    from dermaseg_monai.networks import NETWORKS  # noqa: PLC0415 (torch)

    encoder, entry = sheet["encoder"], NETWORKS.get(network)
    if entry is not None and "encoder" not in ignored_keys(sheet):
        require_known([encoder], entry.encoders, what=f"encoder of {network}", where=where)


def ignored_keys(sheet: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the sheet that its network does not take, so that they change nothing."""
    taken = sheet["network_def"].values()
    return tuple(key for key in ARCHITECTURE if f"@{key}" not in taken)


def require_same_encoder(first: Mapping[str, Any], then: Mapping[str, Any], where: str) -> None:
    """Refuse a first training with another encoder than the training that starts from its weights.

    Raises:
        ConfigError: names both.
    """
    # overlays of the two name their own, and the weights would be refused only after the first training
    one, other = first["encoder"], then["encoder"]
    if one != other and "encoder" not in ignored_keys(then):
        raise ConfigError(
            f"{where}: the first training has encoder {one}, the run {other}: its weights would not fit. "
            f"Give both the same: --set encoder={other}, and --set first#KEY=VALUE for what else shall be equal."
        )
