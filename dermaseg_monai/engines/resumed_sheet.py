"""A resumed training goes on as it began: which values of its sheet may be others now, and which may not."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.errors import TrainingError

MAY_CHANGE: Final = frozenset({
    "allow_leaks", "amp", "bundle_root", "cache_dir", "cache_rate", "dataset_dir", "device", "early_stop",
    "encoder_weights", "experiment", "initial_weights", "learning_rate", "manifest", "max_epochs", "num_workers",
    "output_dir", "parent_run", "resume", "run_name", "sheet", "tracker", "tracking_uri", "val_interval",
})  # fmt: skip
"""Keys that say where, how long and how fast; first weights are past; manifests are compared by their cases."""

_NAMED: Final = 4


def sheet_values(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the plain values of a merged sheet as JSON, by their ids (`network_def#rates#0`), without `MAY_CHANGE`."""
    kept = {key: value for key, value in config.items() if key not in MAY_CHANGE}
    return {name: json.dumps(value) for name, value in _leaves(kept)}


def require_same_sheet(saved: Mapping[str, str], now: Mapping[str, str], path: str | Path) -> None:
    """Check that what two sheets both say is the same; a key that only one has came with another version.

    Raises:
        TrainingError: values differ; names the first few, and how they were.
    """
    other = [name for name in saved if name in now and json.loads(saved[name]) != json.loads(now[name])]  # 1 is 1.0
    if other:
        was = " ".join(f"--{name} {saved[name]}" for name in other[:_NAMED])
        is_now = ", ".join(f"{name} {now[name]}" for name in other[:_NAMED])
        more = f" and {len(other) - _NAMED} more" if len(other) > _NAMED else ""
        raise TrainingError(
            f"{path} was trained with other values than this run has ({is_now}{more}). A resumed training goes on as "
            f"it began: give {was}{more} again, or begin a new one: --initial_weights {_weights(path)}."
        )


def _weights(path: str | Path) -> Path:
    file = Path(path)
    return (file if file.is_dir() else file.parent) / "model.safetensors"


def _leaves(value: object, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            if not str(key).startswith("_"):  # _target_ and the like are code, which has versions of its own
                yield from _leaves(below, f"{name}#{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for at, below in enumerate(value):
            yield from _leaves(below, f"{name}#{at}")
    elif value is None or isinstance(value, bool | int | float | str):
        yield name, value
