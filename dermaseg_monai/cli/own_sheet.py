"""A sheet that lies beside weights is a stranger's where the weights are: it may name what its bundle names."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.errors import ConfigError

_SEPARATOR: Final = re.compile("#|::")


def require_own(config: Mapping[str, Any], bundle: Path, *, where: Path) -> None:
    """Refuse a sheet with a component, a file or an expression that no sheet of its bundle has.

    MONAI calls whatever `_target_` names, reads whatever file `%` names, and does so before any value is looked at.

    Raises:
        ConfigError: names what was found.
    """
    sheets = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((bundle / "configs").glob("*.json"))]
    known = {_shown(value) for sheet in sheets for key, value in _values(sheet) if _acts(key, value)}
    strange = sorted({_shown(value) for key, value in _values(config) if _acts(key, value)} - known)
    if strange:
        raise ConfigError(
            f"{where} names {strange[0]}, which no sheet of the bundle {bundle.name} does, and whoever wrote it would "
            "have it run here. If it is your own, evaluate it with your sheets (python -m monai.bundle run evaluating) "
            "and give the folder that this writes."
        )


def _acts(key: str, value: object) -> bool:
    # a key of a sheet may be a path, a#b or a::b, and + before it joins lists
    return _SEPARATOR.split(key)[-1].lstrip("+~") == "_target_" or (
        isinstance(value, str) and value.startswith(("%", "$"))
    )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _values(part: object, key: str = "") -> Iterator[tuple[str, object]]:
    yield key, part
    if isinstance(part, Mapping):
        for name, value in part.items():
            yield from _values(value, str(name))
    elif isinstance(part, list):
        for value in part:
            yield from _values(value)
