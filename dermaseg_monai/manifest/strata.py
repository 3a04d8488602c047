"""The classes that a split shall hold in equal shares: values of attributes, numbers cut at their quartiles."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from dermaseg_monai.errors import DataError, choose_one
from dermaseg_monai.manifest.case import Attribute, Case, Split
from dermaseg_monai.manifest.manifest import Manifest

EMPTY: Final = "(empty)"
_AS_THEY_ARE: Final = 8

Stratum = tuple[str, str]
"""An attribute and one of its values, as text."""

_TAKING_PART: Final[tuple[Split, ...]] = ("train", "val", "test")


@dataclass(frozen=True)
class StratumFit:
    """How many cases of one class each split holds, and its share of them in [0, 1].

    `counts` and `shares` are those of train, val and test where these have cases; `share` is that of all of them.
    """

    attribute: str
    value: str
    count: int
    share: float
    counts: Mapping[Split, int]
    shares: Mapping[Split, float]

    @property
    def error(self) -> float:
        """The largest difference between the share in a split and that in all, in [0, 1]."""
        return max(abs(share - self.share) for share in self.shares.values())


def strata(cases: Sequence[Case], attributes: Sequence[str]) -> dict[str, tuple[Stratum, ...]]:
    """Return the class of every case in each attribute, by case id.

    An empty value is a class of its own. Numbers of more than eight values are cut at their quartiles.

    Raises:
        DataError: an attribute that no case has (those there are, and the nearest, are named).
    """
    _require_known(cases, attributes)
    values = {name: _classes([case.attributes.get(name) for case in cases]) for name in attributes}
    return {case.id: tuple((name, values[name][row]) for name in attributes) for row, case in enumerate(cases)}


def stratum_fits(manifest: Manifest, attributes: Sequence[str]) -> list[StratumFit]:
    """Return how the classes of `attributes` are spread over the splits, each attribute's commonest class first."""
    cases = [case for case in manifest.cases if case.split in _TAKING_PART]
    classes = strata(cases, attributes)
    sides: list[Split] = [split for split in _TAKING_PART if manifest.counts[split]]
    held = Counter((stratum, case.split) for case in cases for stratum in classes[case.id])
    whole = Counter(stratum for case in cases for stratum in classes[case.id])
    order = sorted(whole, key=lambda stratum: (attributes.index(stratum[0]), -whole[stratum], stratum[1]))
    return [
        StratumFit(
            *stratum,
            count=whole[stratum],
            share=whole[stratum] / len(cases),
            counts={split: held[stratum, split] for split in sides},
            shares={split: held[stratum, split] / manifest.counts[split] for split in sides},
        )
        for stratum in order
    ]


def _require_known(cases: Sequence[Case], attributes: Sequence[str]) -> None:
    known = sorted({name for case in cases for name in case.attributes})
    for name in attributes:
        if name not in known:
            advice = choose_one(name, known) if known else "The manifest has none at all."
            raise DataError(f"No case has the attribute {name!r}. {advice}")


def _classes(values: Sequence[Attribute]) -> list[str]:
    filled = [value for value in values if value is not None and value != ""]
    numbers = [value for value in filled if isinstance(value, int | float)]
    if len(numbers) < len(filled) or len(set(numbers)) <= _AS_THEY_ARE:
        return [EMPTY if value is None or value == "" else _text(value) for value in values]
    ordered = sorted(numbers)
    cuts = [ordered[len(ordered) * quarter // 4] for quarter in (1, 2, 3)]
    names = [
        f"below {_text(cuts[0])}",
        *(f"{_text(low)} to below {_text(high)}" for low, high in pairwise(cuts)),
        f"{_text(cuts[2])} and above",
    ]
    return [names[_quarter(value, cuts)] if isinstance(value, int | float) else EMPTY for value in values]


def _quarter(value: int | float, cuts: Sequence[int | float]) -> int:  # noqa: PYI041 (numbers of a table)
    return sum(value >= cut for cut in cuts)


def _text(value: Attribute) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
