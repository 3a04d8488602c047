"""An ablation as a person writes it: a YAML file of values, read and checked before anything runs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from dermaseg_monai.errors import ConfigError, did_you_mean
from dermaseg_monai.manifest.unique_keys import UniqueKeys

SEED: Final = "seed"
VARIANT: Final = "variant"
FIRST: Final = "first"
EVALUATE: Final = "evaluate"
_KEYS: Final = ("name", "about", "baseline", "common", "grid", "variants", "evaluate")
_NAME: Final = re.compile(r"[\w.-]+")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")
_MAPPINGS: Final = ("baseline", "common", "grid", "variants", "evaluate")


@dataclass(frozen=True)
class Spec:
    """What an ablation runs.

    Attributes:
        name: of its folders and of its run in MLflow.
        about: one sentence for the summary.
        baseline: axis to value. A setting is compared with the setting that has these values and is else the same.
        common: values of every run: sheet keys (nested ones with `#`), and `network`, `loss`, `overlays`, `first`.
        grid: axis to its values; every combination is run. An axis is `network`, `loss` or any sheet key.
        variants: name to values that belong together; with it the grid has the axis `variant`.
        evaluate: values of the evaluation, `split` among them.
        text: the file as it was read.
    """

    name: str
    about: str
    baseline: Mapping[str, Any]
    common: Mapping[str, Any]
    grid: Mapping[str, tuple[Any, ...]]
    variants: Mapping[str, Mapping[str, Any]]
    evaluate: Mapping[str, Any]
    text: str


def read_spec(path: str | Path) -> Spec:
    """Read an ablation.

    Raises:
        ConfigError: the file is missing, is no such YAML, has an unknown key, or there is nothing to run.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read the spec {file}: {error}. Give the path of a YAML file.") from error
    found = _parse(text, str(file))
    if not isinstance(found, dict):
        raise ConfigError(f"{file} holds no keys. A spec has {', '.join(_KEYS)}.")
    return _build(found, str(file), text)


def parse_value(text: str) -> Any:  # noqa: ANN401 (what a YAML file may hold)
    """Return the value of `--set KEY=TEXT`, read as in a spec: 3, 1e-4, true, null, [0, 1], a name."""
    return _parse(text, f"--set ...={text}")


def override(spec: Spec, values: Mapping[str, Any]) -> Spec:
    """Return the spec with other values.

    An axis of the grid gets new values, `evaluate#KEY` goes into `evaluate`, any other key into `common`.

    Raises:
        ConfigError: an axis is left without a value, or a variant is not in the spec.
    """
    grid, common, evaluate = dict(spec.grid), dict(spec.common), dict(spec.evaluate)
    for key, value in values.items():
        if key in grid:
            grid[key] = _axis(key, value if isinstance(value, list) else [value], "--set")
        elif key.startswith(f"{EVALUATE}#"):
            evaluate[key.partition("#")[2]] = value
        else:
            common[key] = value
    require_known(grid.get(VARIANT, ()), spec.variants, what="variant", where="--set")
    return replace(spec, grid=grid, common=common, evaluate=evaluate)


def require_known(names: Iterable[Any], known: Iterable[str], *, what: str, where: str) -> None:
    """Refuse a name that is not known; the message offers the nearest.

    Raises:
        ConfigError: says which.
    """
    choices = [str(name) for name in known]
    for name in names:
        if name not in choices:
            hint = did_you_mean(name, choices, otherwise=f"Known: {', '.join(sorted(choices)) or 'none'}.")
            raise ConfigError(f"{where}: unknown {what} {name!r}. {hint}")


class _Loader(UniqueKeys):
    """YAML 1.2 where people expect it: 1e-4 is a number."""


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, list("+-0123456789"))


def _parse(text: str, where: str) -> Any:  # noqa: ANN401
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{where}, line {line} is no YAML: {error.problem}. Correct it and run again.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{where} is no YAML: {error}. Correct it and run again.") from error


def _build(found: dict[str, Any], where: str, text: str) -> Spec:
    require_known(found, _KEYS, what="key", where=where)
    name = found.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: name is {name!r}; expected letters, digits, _ - . as in `name: loss`.")
    parts = {key: found.get(key) or {} for key in _MAPPINGS}
    variants = {
        str(variant): values or {} for variant, values in _mapping(parts["variants"], "variants", where).items()
    }
    for key, value in {**parts, **{f"variants: {name}": values for name, values in variants.items()}}.items():
        _mapping(value, key, where)
    grid = {str(key): _axis(str(key), value, where) for key, value in parts["grid"].items()}
    if variants:
        grid.setdefault(VARIANT, tuple(variants))
        require_known(grid[VARIANT], variants, what="variant", where=where)
    if not grid:
        raise ConfigError(
            f"{where}: nothing to run: it has neither grid nor variants. Add e.g. grid: {{seed: [0, 1]}}."
        )
    baseline = _baseline(parts["baseline"], grid, where)
    about = " ".join(str(found.get("about") or "").split())
    return Spec(name, about, baseline, parts["common"], grid, variants, parts["evaluate"], text)


def _mapping(value: object, key: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise ConfigError(f"{where}: {key} is {value!r}; expected keys with values, as in `max_epochs: 20`.")
    return value


def _axis(key: str, values: object, where: str) -> tuple[Any, ...]:
    if not isinstance(values, list):
        raise ConfigError(f"{where}: grid: {key} is {values!r}; expected a list, as in `{key}: [{values}]`.")
    if not values:
        raise ConfigError(f"{where}: nothing to run: grid: {key} is an empty list. Give it a value or remove it.")
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise ConfigError(f"{where}: two equal runs: grid: {key} has {twice[0]!r} twice. Remove one.")
    if any(isinstance(value, dict | list) for value in values):
        raise ConfigError(f"{where}: grid: {key} holds {values!r}; values that belong together go into variants.")
    return tuple(values)


def _baseline(baseline: Mapping[str, Any], grid: Mapping[str, tuple[Any, ...]], where: str) -> dict[str, Any]:
    """Return the baseline with the values as the grid has them: 1.0 and "3e-4" are 1 and 0.0003 there."""
    require_known(baseline, [axis for axis in grid if axis != SEED], what="axis of the baseline", where=where)
    found: dict[str, Any] = {}
    for axis, value in baseline.items():
        same = [one for one in grid[axis] if _same(one, value)]
        if not same:
            require_known([str(value)], [str(one) for one in grid[axis]], what=f"{axis} of the baseline", where=where)
        found[axis] = same[0]
    return found


def _same(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    return str(one) == str(other) or (_number(one) is not None and _number(one) == _number(other))


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
