"""What a run is, as a digest: the same values, data and starting weights give the same one."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.bundle import project_path
from dermaseg_monai.files import sha256_of

_PLACES: Final = frozenset(
    {"bundle_root", "sheet", "dataset_dir", "output_dir", "weights", "resume"}
    | {"tracking_uri", "experiment", "run_name", "parent_run", "tracker"}
    | {"device", "num_workers", "cache_rate"}
)
"""Keys that say where or how fast, but move no number; the manifest has the sha256 of every file."""
_FILES: Final = ("manifest", "encoder_weights", "initial_weights")
_PROJECT_PATH: Final = "dermaseg_monai.bundle.project_path"
_LETTERS: Final = 8


def digest(sheets: Mapping[str, Mapping[str, Any]]) -> str:
    """Return eight letters for merged sheets, each with its name (train, evaluate, ...)."""
    settled = {name: settle(config) for name, config in sheets.items()}
    text = json.dumps(settled, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_LETTERS]


def settle(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a merged sheet says of the result: without places, files by their content."""
    found = {key: value for key, value in config.items() if key not in _PLACES}
    return {**found, **{key: _content(found[key]) for key in _FILES if key in found}}


def data_path(value: object) -> object:
    """Return the path that a sheet gives as `project_path`, and any other value as it is."""
    if isinstance(value, Mapping) and value.get("_target_") == _PROJECT_PATH:
        return project_path(str(value["path"]))
    return value


def _content(value: object) -> object:
    path = data_path(value)
    if not isinstance(path, str) or not Path(path).is_file():
        return value
    state = Path(path).stat()
    return _sha256(Path(path), state.st_mtime_ns, state.st_size)


@cache
def _sha256(path: Path, _mtime_ns: int, _size: int) -> str:
    # many runs of one plan ask for the same file
    return sha256_of(path)
