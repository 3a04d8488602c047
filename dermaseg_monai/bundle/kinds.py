"""Whether an override is of the kind that the sheet has in its place: number, text, list, true or false."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dermaseg_monai.bundle.keys import RESERVED, SHARED_KEYS, Check, is_number
from dermaseg_monai.errors import ConfigError

_DEEPEST: Final = 8
"""So many references may follow each other; more of them name each other in a circle."""


def check_kinds(overrides: Mapping[str, Any], sheet: Mapping[str, Any]) -> None:
    """Refuse a nested override of another kind than the sheet's value.

    Shared keys have their own checks. A reference (`@id`, `%file`) or a component (`_target_`) may stand for any value,
    and anything where the sheet has null or a component. A text and a list of texts stand for each other, as in MONAI.

    Raises:
        ConfigError: names the key, the value and the kind that is expected.
    """
    for key, value in overrides.items():
        name = key.replace("#", "::").lstrip("+")
        if name in RESERVED or name in SHARED_KEYS:
            continue
        found = _resolved(sheet, _item(sheet, name.split("::")))
        expected, fits = _kind_of(found)
        if not (_stands_for_anything(value) or fits(value)):
            kind = f"expected {expected}, as the sheet's {found!r}"
            raise ConfigError(f"--{key} is {value!r} ({type(value).__name__}); {kind}. Correct it and run again.")


def _is_whole(value: object) -> bool:
    return is_number(value) and isinstance(value, int | float) and value == int(value)


def _is_text(value: Any) -> bool:  # noqa: ANN401 (a sheet holds anything)
    return isinstance(value, str) or (_is_list(value) and all(isinstance(item, str) for item in value))


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


_BOOL: Final[Check] = ("True or False", lambda value: isinstance(value, bool))
_WHOLE: Final[Check] = ("a whole number", _is_whole)
_NUMBER: Final[Check] = ("a number", is_number)
_TEXT: Final[Check] = ("a text", _is_text)
_TEXTS: Final[Check] = ("a list of texts", _is_text)
_LIST: Final[Check] = ("a list", _is_list)
_VALUES: Final[Check] = ("named values", lambda value: isinstance(value, dict))
_ANYTHING: Final[Check] = ("anything", lambda _: True)


def _kind_of(found: object) -> Check:
    for kind, check in ((bool, _BOOL), (int, _WHOLE), (float, _NUMBER), (str, _TEXT)):  # a bool is an int, too
        if isinstance(found, kind):
            return check
    if isinstance(found, list | tuple):
        return _kind_of_list(found)
    return _VALUES if isinstance(found, dict) and "_target_" not in found else _ANYTHING


def _kind_of_list(found: Sequence[object]) -> Check:
    if not found or any(_stands_for_anything(item) for item in found):
        return _LIST
    kinds = {_kind_of(item) for item in found}
    if kinds == {_TEXT}:
        return _TEXTS
    if not kinds <= {_WHOLE, _NUMBER}:
        return _LIST
    what, fits = _NUMBER if _NUMBER in kinds else _WHOLE

    def all_fit(value: Any) -> bool:  # noqa: ANN401
        # a list in it holds a number per axis
        return _is_list(value) and all(_stands_for_anything(item) or fits(item) or all_fit(item) for item in value)

    return (f"a list, each of it {what}", all_fit)


def _stands_for_anything(value: object) -> bool:
    return value is None or _is_reference(value) or (isinstance(value, dict) and "_target_" in value)


def _is_reference(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("@", "%", "$"))


def _resolved(sheet: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401
    """Follow a reference to the value that it names; None where that cannot be known."""
    for _ in range(_DEEPEST):
        if not _is_reference(value):
            return value
        try:
            value = _item(sheet, value[1:].replace("#", "::").split("::")) if value.startswith("@") else None
        except (KeyError, IndexError, TypeError, ValueError):  # the sheet's own mistake, said when it is built
            return None
    return None


def _item(sheet: Any, names: Sequence[str]) -> Any:  # noqa: ANN401
    for name in names:
        sheet = sheet[int(name)] if isinstance(sheet, list) else sheet[name]
    return sheet
