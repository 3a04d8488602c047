"""A spec becomes points: one per run, with the values it runs with."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.spec import FIRST, SEED, VARIANT, Spec

_SPOKEN: Final = ("network", "loss", VARIANT)
"""Axes whose values speak for themselves."""
_DATA: Final = ("manifest", "dataset_dir", "initial_weights", "resume")

Setting = tuple[tuple[str, Any], ...]
"""Axis and value, without the seed: what is compared."""


@dataclass(frozen=True)
class Training:
    """What one training is built from: a network, a loss (None takes the sheet's), sheets laid over, and values."""

    network: str
    loss: str | None
    overlays: tuple[str, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """One run of the grid; `first` is a training whose weights it starts from."""

    setting: Setting
    seed: int | None
    training: Training
    first: Training | None

    @property
    def label(self) -> str:
        """`deeplabv3, ce_dice`; without the seed."""
        return label(self.setting)


def label(setting: Setting) -> str:
    """Return how a setting is called in tables."""
    words = [str(value) if axis in _SPOKEN else f"{axis.rpartition('#')[2]} {value}" for axis, value in setting]
    return ", ".join(words) or "all"


def expand(spec: Spec) -> list[Point]:
    """Return a point for every combination of the grid, the seeds of a setting together.

    Raises:
        ConfigError: a run has no network, or values that make no sense together.
    """
    axes = [axis for axis in spec.grid if axis != SEED]
    seeds = spec.grid.get(SEED, (None,))
    points = []
    for values in product(*(spec.grid[axis] for axis in axes)):
        setting = tuple(zip(axes, values, strict=True))
        points += [_point(spec, setting, seed) for seed in seeds]
    return points


def baseline_of(setting: Setting, spec: Spec) -> Setting:
    """Return the setting that this one is compared with."""
    return tuple((axis, spec.baseline.get(axis, value)) for axis, value in setting)


def _point(spec: Spec, setting: Setting, seed: int | None) -> Point:
    axes = dict(setting)
    variant = spec.variants[axes.pop(VARIANT)] if VARIANT in axes else {}
    # --set first#KEY=VALUE reaches the first training of whichever variant has one
    later = {key.partition("#")[2]: value for key, value in spec.common.items() if key.startswith(f"{FIRST}#")}
    common = {key: value for key, value in spec.common.items() if not key.startswith(f"{FIRST}#")}
    values = {**common, **axes, **({} if seed is None else {SEED: seed}), **variant}
    first = values.pop(FIRST, None)
    where = f"{spec.name}: {label(setting)}"
    if first is None:
        return Point(setting, values.get(SEED, seed), as_training(values, where), None)
    if not isinstance(first, dict):
        raise ConfigError(f"{where}: first is {first!r}; expected the values of a training, as in `manifest: ...`.")
    first = {**first, **later}
    if "manifest" not in first and "overlays" not in first:
        raise ConfigError(f"{where}: first names no data. Give it a manifest and a dataset_dir, or overlays.")
    inherited = {key: value for key, value in values.items() if key not in _DATA}
    return Point(
        setting,
        values.get(SEED, seed),
        as_training(values, where),
        as_training({**inherited, **first}, f"{where}: first"),
    )


def as_training(values: Mapping[str, Any], where: str) -> Training:
    """Return the training that values describe; `network`, `loss` and `overlays` are no sheet keys.

    Raises:
        ConfigError: there is no network, or overlays are no list.
    """
    rest = dict(values)
    network, loss, overlays = rest.pop("network", None), rest.pop("loss", None), rest.pop("overlays", None) or []
    if network is None:
        raise ConfigError(f"{where}: no network. Add it to common or to grid, as in `network: [deeplabv3]`.")
    if not isinstance(overlays, list):
        raise ConfigError(f"{where}: overlays is {overlays!r}; expected a list of names, as in `overlays: [isic2018]`.")
    return Training(str(network), None if loss is None else str(loss), tuple(map(str, overlays)), rest)
