"""Which sheets a training and its evaluation are made of: network names become bundles and overlays."""

from pathlib import Path
from typing import Final

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
    configs = Path(files[0]).parent
    return [*files, str(configs / "evaluate.json"), *(str(_overlay(configs, name, where)) for name in overlays)]


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
