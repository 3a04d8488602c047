"""Which sheets a training and its evaluation are made of: network names become bundles and overlays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.bundle import bundle_root
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.grid import Training
from dermaseg_monai.experiments.spec import require_known

_OWN: Final = ("ba_deeplab", "deeplabv3")
"""Networks with a bundle of their own, of the same name."""
_SHARED: Final = "baselines"
"""The bundle of all others: one overlay `configs/networks/<name>.json` each."""


def known_networks() -> list[str]:
    """Return the names of the networks that the bundles at hand can train."""
    own = [name for name in _OWN if _root(name) is not None]
    shared = _root(_SHARED)
    return own + ([] if shared is None else sorted(file.stem for file in (shared / "configs/networks").glob("*.json")))


def train_files(training: Training, *, where: str) -> list[str]:
    """Return the sheets of a training: the bundle's, those laid over it, the network's.

    Raises:
        ConfigError: the network, or an overlay, is not there; offers the nearest name.
    """
    require_known([training.network], known_networks(), what="network", where=where)
    configs = Path(bundle_root(training.network if training.network in _OWN else _SHARED)) / "configs"
    files = [configs / "train.json", *(_overlay(configs, name, where) for name in training.overlays)]
    if training.network not in _OWN:
        files.append(configs / "networks" / f"{training.network}.json")
    return [str(file) for file in files]


def evaluate_files(training: Training, overlays: tuple[str, ...], *, where: str) -> list[str]:
    """Return the sheets of the evaluation of a training: its own, then those of the evaluation."""
    files = train_files(training, where=where)
    return [*files, *evaluation_sheets(Path(files[0]).parent, overlays, where=where)]


def evaluation_sheets(configs: Path, overlays: tuple[str, ...], *, where: str) -> list[str]:
    """Return the sheets that the folder of a bundle's sheets has for an evaluation, to be laid over a training's.

    Raises:
        ConfigError: the bundle has no evaluation, or an overlay is not there; offers the nearest name.
    """
    file = configs / "evaluate.json"
    if not file.is_file():
        raise ConfigError(f"{where}: the bundle {configs.parent} has no configs/evaluate.json. Choose another.")
    return [str(file), *(str(_overlay(configs, name, where)) for name in overlays)]


def evaluation_overlays(values: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the overlays that the values of an evaluation name, and the other values.

    Raises:
        ConfigError: overlays are no list.
    """
    rest = dict(values)
    overlays = rest.pop("overlays", None) or []
    if not isinstance(overlays, list):
        raise ConfigError(f"evaluate: overlays is {overlays!r}; expected a list, as in `overlays: [single_view]`.")
    return tuple(map(str, overlays)), rest


def _overlay(configs: Path, name: str, where: str) -> Path:
    if name.endswith(".json"):
        file = Path(name).resolve()
        if not file.is_file():
            raise ConfigError(f"{where}: there is no overlay {name} (current folder {Path.cwd()}). Check overlays.")
        return file
    require_known([name], [file.stem for file in configs.glob("*.json")], what="overlay", where=where)
    return configs / f"{name}.json"


def _root(name: str) -> Path | None:
    try:
        return Path(bundle_root(name))
    except ConfigError:
        return None
