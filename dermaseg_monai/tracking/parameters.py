"""A sheet of values becomes parameters that MLflow can show, without anything secret."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dermaseg_monai.tracking.scalars import clean_name

_NAMES: Final = r"token|passw|pwd|secret|api_?key|credential|odbc_connect"
_SECRET: Final = re.compile(_NAMES, re.IGNORECASE)
_IN_QUERY: Final = re.compile(rf"([?&](?=[^=?&\s]*(?:{_NAMES}))[^=?&\s]+=)[^&\s]+", re.IGNORECASE)
"""A name ends at each mark, so that a text of many marks takes no longer than its length."""
_LOGIN: Final = re.compile(
    r"""
    (?<=://)(?:
        # user:password up to the last @: SQLAlchemy takes a password with / ? or #; a port of a web address is none
        (?!(?:(?<=http://)|(?<=https://))[^:/?#\s]*:\d+[/?#])
        [^:/\s]*:(?:(?!://)\S)*
        # a user or a token alone
        | [^/?#\s]+
    )@
    """,
    re.VERBOSE,
)
_LONGEST: Final = 500
HIDDEN: Final = "***"


def redact(value: Any, *, name: str = "") -> Any:  # noqa: ANN401 (a JSON value)
    """Return a JSON value without what is secret: logins and passwords of addresses, values of keys that name one."""
    if isinstance(value, Mapping):
        return {str(key): redact(part, name=str(key)) for key, part in value.items()}
    if isinstance(value, str):
        if value and _SECRET.search(name):
            return HIDDEN
        return _LOGIN.sub(f"{HIDDEN}@", _IN_QUERY.sub(rf"\1{HIDDEN}", value))
    if isinstance(value, Sequence):
        return [redact(part, name=name) for part in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


def lost_login(address: str) -> bool:
    """Say whether an address was redacted, so that nothing answers to it."""
    return HIDDEN in address


def parameters(config: Mapping[str, Any]) -> dict[str, str]:
    """Return name to text: every plain top-level value, and the plain arguments of every top-level component.

    `@name` is followed to its value; what leads to a component is written as the name of the component. Lists of
    components (transforms, handlers) are left to the config file that is logged beside.
    """
    safe = redact(config)
    found: dict[str, str] = {}
    for name, value in safe.items():
        for path, plain in _plain(str(name), value, safe):
            found[clean_name(path)] = _text(plain)[:_LONGEST]
    return found


def _plain(name: str, value: Any, config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    value = _follow(value, config)
    if not isinstance(value, Mapping):
        if not (isinstance(value, list) and any(isinstance(part, dict | list) for part in value)):
            yield name, value
        return
    if "_target_" in value:
        yield name, str(value["_target_"]).rpartition(".")[2]
        for key, part in value.items():
            part_value = _follow(part, config)
            if not key.startswith("_") and not isinstance(part_value, Mapping | list):
                yield f"{name}/{key}", part_value


def _follow(value: Any, config: Mapping[str, Any], depth: int = 8) -> Any:  # noqa: ANN401
    while isinstance(value, str) and value.startswith("@") and depth:
        target: Any = config
        for step in re.split(r"::|#", value[1:]):
            target = target.get(step) if isinstance(target, Mapping) else None
        if target is None:
            return None if value[1:] in config else value
        if isinstance(target, Mapping):
            return value
        value, depth = target, depth - 1
    return value


def _text(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
