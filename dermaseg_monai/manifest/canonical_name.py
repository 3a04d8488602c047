"""The one spelling of the name of a lesion, a patient or a group."""

import re
import unicodedata
from typing import Final

_SPREADSHEET_TEXT: Final = re.compile(r'="(.*)"')
"""How an export keeps a spreadsheet from reading 001 as the number 1."""
_WHOLE: Final = re.compile(r"(-?[0-9]+)\.0+")


def canonical_name(name: str) -> str:
    """Return a name without what only programs see in it, so that one person written in two ways is one.

    Composed and decomposed letters, full-width forms, kinds of space and of dash are one each; spaces at the ends,
    doubled ones and characters without width go; `="001"` and `'001` are 001, and the number 12.0 is 12. Capitals and
    leading zeros stay, because they may tell two names apart (`like_names` asks).
    """
    if name.isascii() and name.isalnum():
        return name
    plain = unicodedata.normalize("NFKC", "".join(map(_seen, name)))  # what has no width would keep letters apart
    plain = "".join(map(_seen, plain))
    plain = " ".join(plain.split())
    quoted = _SPREADSHEET_TEXT.fullmatch(plain)
    plain = (quoted[1] if quoted else plain.removeprefix("'")).strip()
    whole = _WHOLE.fullmatch(plain)
    plain = whole[1] if whole else plain
    return plain if plain == name else canonical_name(plain)


def _seen(letter: str) -> str:
    """Return nothing for a character without width, and one dash and one minus for all dashes."""
    kind = unicodedata.category(letter)
    return "" if kind == "Cf" else "-" if kind == "Pd" or letter == "\N{MINUS SIGN}" else letter
