"""The keys that every sheet shares, what values they take, and the check of overrides against a sheet."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from dermaseg_monai.errors import ConfigError, did_you_mean

Check = tuple[str, Callable[[Any], bool]]


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Say whether a value of a sheet is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_PATH: Final[Check] = ("a path", lambda value: isinstance(value, str) and value != "")
_PATH_OR_NULL: Final[Check] = (
    "a path or null",
    lambda value: value is None or (isinstance(value, str) and value != ""),
)
_NAME: Final[Check] = ("a name", lambda value: isinstance(value, str) and value != "")
_NAME_OR_NULL: Final[Check] = ("a name or null", lambda value: value is None or isinstance(value, str))
_COUNT: Final[Check] = ("a whole number of at least 1", lambda value: _is_int(value) and value >= 1)
_SIZE: Final[Check] = ("a whole number from 32 to 16384", lambda value: _is_int(value) and 32 <= value <= 16384)  # noqa: PLR2004
_COUNT_OR_ZERO: Final[Check] = ("a whole number of at least 0", lambda value: _is_int(value) and value >= 0)
_POSITIVE: Final[Check] = ("a number above 0", lambda value: is_number(value) and value > 0)
_FRACTION: Final[Check] = ("a number from 0 to 1", lambda value: is_number(value) and 0 <= value <= 1)
_NUMBER: Final[Check] = ("a number", is_number)
_BOOL: Final[Check] = ("True or False", lambda value: isinstance(value, bool))


def _are_steps(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 3 and all(_POSITIVE[1](step) for step in value)  # noqa: PLR2004


def _one_of(*choices: str | int) -> Check:
    return ("one of " + ", ".join(map(str, choices)), lambda value: value in choices and not isinstance(value, bool))


SHARED_KEYS: Final[Mapping[str, Check]] = {
    "bundle_root": _PATH,
    "manifest": _PATH,
    "dataset_dir": _PATH,
    "output_dir": _PATH,
    "tracking_uri": _NAME,
    "experiment": _NAME,
    "run_name": _NAME_OR_NULL,
    "parent_run": _NAME_OR_NULL,
    "max_epochs": _COUNT,
    "val_interval": _COUNT,
    "learning_rate": _POSITIVE,
    "batch_size": _COUNT,
    "image_size": _SIZE,
    "num_workers": _COUNT_OR_ZERO,
    "cache_rate": _FRACTION,
    "amp": _one_of("off", "bf16", "fp16"),
    "device": ("cpu, cuda or cuda:N", lambda value: isinstance(value, str) and value != ""),
    "seed": _COUNT_OR_ZERO,
    "encoder": _NAME,
    "encoder_weights": _PATH_OR_NULL,
    "output_stride": _one_of(8, 16),
    "resume": _PATH_OR_NULL,
    "initial_weights": _PATH_OR_NULL,
    "allow_leaks": _BOOL,
    "artefact_prob": _FRACTION,
    "hair_removal": _BOOL,
    "colour_constancy": _BOOL,
    "images": _PATH,
    "weights": _PATH,
    "split": _one_of("train", "val", "test"),
    "threshold": _FRACTION,
    "tolerance_px": _POSITIVE,
    "tolerance_mm": _POSITIVE,
    "plane": _one_of("sagittal", "coronal", "axial"),
    "neighbours": _COUNT_OR_ZERO,
    "spacing_mm": ("three numbers above 0, in mm", _are_steps),
    "early_stop": ("a whole number of at least 1 or null", lambda value: value is None or _COUNT[1](value)),
}

RESERVED: Final = frozenset(
    {"run_id", "init_id", "final_id", "meta_file", "config_file", "logging_file", "tracking", "args_file"}
)
"""What `python -m monai.bundle run` keeps for itself."""


_CORRECT: Final = "Correct it and run again."


def check_overrides(overrides: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse an override that names no key of the sheet, or whose value a shared key cannot take.

    Args:
        overrides: id to value, as on the command line; nested ids are written with `#` or `::`.
        known: every id of the sheet, nested ids with `::`.

    Raises:
        ConfigError: names the key, the value, what is expected and the nearest known key.
    """
    names = set(known)
    for key, value in overrides.items():
        name = key.replace("#", "::").lstrip("+")
        if name in RESERVED:
            continue
        if name not in names:
            top = sorted(known_name for known_name in names if "::" not in known_name)
            hint = did_you_mean(name, names, otherwise=f"Known keys: {', '.join(top)}.", prefix="--")
            raise ConfigError(f"Unknown key --{key} (value {value!r}): the sheet has no such key. {hint}")
        if name in SHARED_KEYS and not isinstance(value, dict):
            expected, fits = SHARED_KEYS[name]
            if not fits(value):
                raise ConfigError(
                    f"--{key} is {value!r} ({type(value).__name__}); expected {expected}. {_advice(key, value, fits)}"
                )


def _advice(key: str, value: object, fits: Callable[[Any], bool]) -> str:
    # 5, or a,b, is read as Python is: a number, a tuple. A text that looks so is quoted for Python, too
    looks_so = isinstance(value, int | float | list | tuple) and not isinstance(value, bool) and fits(str(value))
    return f"If it is a text, quote it, on the command line twice: --{key} '\"...\"'." if looks_so else _CORRECT
