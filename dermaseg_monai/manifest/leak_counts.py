"""How much two sides share, and the table of all that is shared."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from dermaseg_monai.files import write_csv
from dermaseg_monai.manifest.case import SPLITS, Split
from dermaseg_monai.manifest.leaks import KEYS, Key, Leak

Side = tuple[str, Split]
"""A set and one of its splits."""


@dataclass(frozen=True)
class Shared:
    """What two sides share by one key: `values` of it, held by so many cases of each side."""

    one: Side
    other: Side
    key: Key
    values: int
    cases_one: int
    cases_other: int

    @property
    def crosses_splits(self) -> bool:
        """True when this is a leak: two different splits, of one set or of two."""
        return self.one[1] != self.other[1]


def count_shared(leaks: Sequence[Leak]) -> list[Shared]:
    """Return what every two sides share by every key; leaks between splits first, then by set, split and key."""
    values: dict[tuple[Side, Side, Key], int] = defaultdict(int)
    cases: dict[tuple[Side, Side, Key], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for leak in leaks:
        held: dict[Side, set[str]] = defaultdict(set)
        for case_id, split, name in zip(leak.case_ids, leak.splits, leak.sets, strict=True):
            held[name, split].add(case_id)
        for one, other in combinations(sorted(held, key=_rank), 2):
            values[one, other, leak.key] += 1
            cases[one, other, leak.key][0].update(held[one])
            cases[one, other, leak.key][1].update(held[other])
    found = [Shared(*place, count, *(len(ids) for ids in cases[place])) for place, count in values.items()]
    return sorted(
        found, key=lambda item: (not item.crosses_splits, _rank(item.one), _rank(item.other), KEYS.index(item.key))
    )


def shown_value(leak: Leak) -> str:
    """Return the shared value for a table or page; a patient is a pseudonym, a file the start of its sha256."""
    if leak.key == "patient_id":
        return "patient " + hashlib.sha256(leak.value.encode()).hexdigest()[:8]
    return leak.value[:12] if leak.key == "image" else leak.value


def write_leak_table(path: str | Path, leaks: Sequence[Leak]) -> None:
    """Write a CSV with a row per case of every leak: number, kind, key, value, set, split, case id.

    A spreadsheet executes none of them (`dermaseg_monai.cells`).

    Raises:
        DataError: the file cannot be written.
    """
    rows = (row for number, leak in enumerate(leaks, start=1) for row in _rows(number, leak))
    write_csv(path, ["number", "kind", "key", "value", "set", "split", "case_id"], rows)


def _rows(number: int, leak: Leak) -> Iterator[tuple[object, ...]]:
    kind = "leak" if leak.crosses_splits else "overlap"
    for case_id, split, name in zip(leak.case_ids, leak.splits, leak.sets, strict=True):
        yield number, kind, leak.key, shown_value(leak), name, split, case_id


def _rank(side: Side) -> tuple[str, int]:
    return side[0], SPLITS.index(side[1])
