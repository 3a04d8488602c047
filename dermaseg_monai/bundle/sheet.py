"""The sheet of values a run was started with: its files, the overrides of the command line, and the merged whole."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.bundle.hook import install_hook
from dermaseg_monai.bundle.keys import RESERVED, SHARED_KEYS, check_overrides
from dermaseg_monai.bundle.kinds import check_kinds
from dermaseg_monai.errors import ConfigError, did_you_mean

_SEPARATOR: Final = "::"  # monai.bundle.utils.ID_SEP_KEY; this module imports MONAI only when a sheet is read
_PATHS: Final = ("manifest", "dataset_dir", "images", "encoder_weights", "initial_weights", "weights")


@dataclass(frozen=True)
class Sheet:
    """What a run was asked to do.

    Attributes:
        files: the config files in the order they were merged; empty when the workflow was built from Python.
        overrides: id to value of the command line.
        config: the merged sheet before anything in it is built; starting it again starts the same run.
    """

    files: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


def open_sheet() -> Sheet:
    """Check the command line against the sheet and make user errors print as one line; first step of every bundle.

    The command line is read from `sys.argv`, because MONAI hands no component its own config. A workflow that was built
    from Python (`ConfigWorkflow(...)`) has no command line: then nothing is checked and the sheet is empty.

    Raises:
        ConfigError: a file is missing, there is nothing of that name to run, or an override names no key of the sheet
            or has a value that does not fit.
    """
    install_hook()
    arguments = _arguments(sys.argv)
    if arguments is None:
        return Sheet()
    files = _config_files(arguments)
    overrides = {key: value for key, value in arguments.items() if key not in RESERVED}
    sheet = read_sheet(files, overrides)
    _require_run_id(str(arguments.get("run_id", "run")), sheet.config)
    return sheet


def read_sheet(files: Sequence[str], overrides: Mapping[str, Any]) -> Sheet:
    """Merge sheet files and overrides, and check them (see `open_sheet`)."""
    from monai.bundle import ConfigParser  # noqa: PLC0415

    missing = [name for name in files if not Path(name).is_file()]
    if missing:
        raise ConfigError(f"No config file {missing[0]} (current folder {Path.cwd()}). Check --config_file.")
    merged = ConfigParser.load_config_files(list(files))
    known = _ids(ConfigParser.load_config_file(files[0]))
    for name in files[1:]:
        overlay = ConfigParser.load_config_file(name)
        # an overlay may bring new components (mappings, lists); a plain value must replace one of the files before it
        plain = {key: value for key, value in overlay.items() if not isinstance(value, dict | list)}
        check_overrides(plain, [*known, *SHARED_KEYS])
        known += [key.replace("#", _SEPARATOR).lstrip("+") for key in _ids(overlay)]
    check_overrides(overrides, _ids(merged))
    check_kinds(overrides, merged)
    parser = ConfigParser(config=merged)
    for key, value in overrides.items():
        parser.set(value, key)
    config = dict(parser.get())
    for key in _PATHS:
        if isinstance(overrides.get(key), str) and Path(overrides[key]).exists():
            config[key] = str(Path(overrides[key]).resolve())
    return Sheet(tuple(str(Path(name).resolve()) for name in files), dict(overrides), config)


def _arguments(argv: Sequence[str]) -> dict[str, Any] | None:
    from fire.parser import DefaultParseValue  # noqa: PLC0415
    from monai.bundle import ConfigParser  # noqa: PLC0415

    # python -m monai.bundle run [RUN_ID] --key value --key=value --flag
    if Path(argv[0]).parts[-3:] != ("monai", "bundle", "__main__.py") or "run" not in argv[1:2]:
        return None
    found: dict[str, Any] = {}
    words = list(argv[2:])
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            found.setdefault("run_id", word)
            continue
        key, equals, value = word.lstrip("-").partition("=")
        if not equals:
            value = words.pop(0) if words and not words[0].startswith("--") else "True"
        found[key.replace("-", "_")] = _not_null(key, _whole(key, value, DefaultParseValue(value)))
    if isinstance(found.get("args_file"), str):
        found = {**ConfigParser.load_config_file(found["args_file"]), **found}
    return found


def _whole(key: str, text: str, value: Any) -> Any:  # noqa: ANN401
    # values are read as Python is, where `#` begins a comment: DIR#2 would be another folder, DIR
    if "#" in text and "#" not in str(value):
        raise ConfigError(f"--{key} {text} would be cut at the # to {value!r}. Quote it twice: --{key} '\"{text}\"'.")
    return value


def _not_null(key: str, value: Any) -> Any:  # noqa: ANN401 (an override may be anything)
    if value is None or value == "null":  # MONAI leaves the first out and takes the second for a text
        found = f"--{key} {value} would not empty the key"
        raise ConfigError(
            f'{found}. Write {{"{key}": null}} into a JSON file and name it last: --config_file "[..., \'FILE\']".'
        )
    return value


def _require_run_id(run_id: str, config: Mapping[str, Any]) -> None:
    if run_id not in config:
        hint = did_you_mean(run_id, config, otherwise="Most sheets have run.")
        raise ConfigError(f"The sheet has nothing called {run_id} to run. {hint}")


def _config_files(arguments: Mapping[str, Any]) -> list[str]:
    files = arguments.get("config_file")
    if files is None:
        raise ConfigError("No --config_file given. Run e.g. --config_file bundles/ba_deeplab/configs/train.json.")
    if isinstance(files, str):
        return [name.strip() for name in files.split(",")]
    return [str(name) for name in files]


def _ids(config: object, prefix: str = "") -> list[str]:
    items = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    found: list[str] = []
    for key, value in items:
        name = f"{prefix}{_SEPARATOR}{key}" if prefix else str(key)
        found += [name, *_ids(value, name)]
    return found
