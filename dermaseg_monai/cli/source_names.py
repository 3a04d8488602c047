"""Names that tell the sources of a command apart."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

_LAST: Final = 2
"""The last choice of a name: folder and stem."""


def told_apart(names: Sequence[str], sources: Sequence[str], *, taken: Collection[str] = ()) -> list[str]:
    """Return a name for every source, none of them twice or in `taken`.

    That is its own name; where two have it, the stem of the file; then folder and stem; then these with a number. Names
    that would be the same file count as the same.
    """
    choices = [(name, *_of_file(source)) for name, source in zip(names, sources, strict=True)]
    used = {as_file_name(name).casefold() for name in taken}
    at = [0] * len(choices)
    while True:
        chosen = [choice[number] for choice, number in zip(choices, at, strict=True)]
        count = Counter(as_file_name(name).casefold() for name in chosen)
        unclear = [
            place
            for place, name in enumerate(chosen)
            if at[place] < _LAST and (count[key := as_file_name(name).casefold()] > 1 or key in used)
        ]
        if not unclear:
            return _numbered(chosen, used)
        for place in unclear:
            at[place] += 1


def as_file_name(name: str) -> str:
    """Return the name with `_` for all but letters, digits, point, dash and underscore."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name).lstrip(".") or "set"


def _of_file(source: str) -> tuple[str, str]:
    path = Path(source).absolute()
    stem = Path(path.name.removesuffix(".gz")).stem
    return stem, f"{path.parent.name}_{stem}"


def _numbered(names: Sequence[str], used: Collection[str]) -> list[str]:
    found: list[str] = []
    seen = set(used)
    for name in names:
        number, free = 1, name
        while as_file_name(free).casefold() in seen:
            number += 1
            free = f"{name}_{number}"
        seen.add(as_file_name(free).casefold())
        found.append(free)
    return found
