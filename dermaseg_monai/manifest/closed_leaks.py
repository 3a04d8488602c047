"""The cases that are left when every leak has been closed."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from dermaseg_monai.files import write_csv
from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.leak_counts import shown_value
from dermaseg_monai.manifest.leaks import Key, Leak
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.ties import Holder, Step, Ties, through

GivesWay: TypeAlias = Literal["train", "test"]
"""Which side loses its cases: the training side, so that a test set stays comparable, or the test side."""

_KEPT_FIRST: Final[dict[GivesWay, tuple[Split, ...]]] = {
    "train": ("test", "val", "train"),
    "test": ("train", "val", "test"),
}


@dataclass(frozen=True)
class Exclusion:
    """A case that was put into `excluded`: where it stood, and what it shares by `key` with a case that stays.

    With the key `indirect` it shares something through other cases, which `value` names.
    """

    name: str
    case_id: str
    split: Split
    key: Key
    value: str
    kept_name: str
    kept_id: str
    kept_split: Split


def leak_free(
    manifests: Sequence[Manifest], leaks: Sequence[Leak], *, gives_way: GivesWay
) -> tuple[list[Manifest], list[Exclusion]]:
    """Return the manifests without leaks between splits: cases of the side that gives way become `excluded`.

    With `train`, training cases give way to validation and test, and validation cases to test; with `test` the other
    way round. All cases of a group give way that reaches another side, also those that only others tie to it: a second
    picture of the lesion whose first one the test side holds. What two training sides share stays. The version gets
    `, leak-free`, because the digest changes.

    Args:
        manifests: of the sets that are compared.
        leaks: the pairs of nearly the same picture (`find_near_ties`); what else ties is seen in the manifests.
        gives_way: the side whose cases go.
    """
    ties = Ties(manifests, leaks)
    gone = {holder: exclusion for group in ties.groups() for holder, exclusion in _giving_way(ties, group, gives_way)}
    cleaned = [_without(manifest, set(gone)) for manifest in manifests]
    return cleaned, sorted(gone.values(), key=lambda item: (item.name, item.case_id))


def _giving_way(ties: Ties, group: Sequence[Holder], gives_way: GivesWay) -> Iterator[tuple[Holder, Exclusion]]:
    held = [holder for holder in group if holder[2] != "excluded"]
    if len({split for _, _, split in held}) < 2:  # noqa: PLR2004 (two sides make a leak)
        return
    stays = min((split for _, _, split in held), key=_KEPT_FIRST[gives_way].index)
    steps = ties.reached([holder for holder in held if holder[2] == stays])
    yield from ((holder, _exclusion(holder, steps)) for holder in held if holder[2] != stays)


def _exclusion(holder: Holder, steps: dict[Holder, Step | None]) -> Exclusion:
    step = steps[holder]
    assert step is not None  # noqa: S101 (a case that goes was reached from one that stays)
    kept, others = through(steps, holder)
    if step.before != kept:
        return Exclusion(*holder, "indirect", others, *kept)
    key, value, _ = step.tie
    return Exclusion(*holder, key, shown_value(Leak(key, value, (), ())), *kept)


def write_exclusions(path: str | Path, exclusions: Sequence[Exclusion]) -> None:
    """Write a CSV that says of every excluded case on which side it stood and why it went.

    A spreadsheet executes nothing in it (`dermaseg_monai.cells`).

    Raises:
        DataError: the file cannot be written.
    """
    header = ["set", "case_id", "split", "shares", "value", "with_set", "with_case", "with_split"]
    write_csv(path, header, map(astuple, exclusions))


def _without(manifest: Manifest, gone: set[Holder]) -> Manifest:
    cases = tuple(
        replace(case, split="excluded") if (manifest.name, case.id, case.split) in gone else case
        for case in manifest.cases
    )
    if cases == manifest.cases:
        return manifest
    version = manifest.version if manifest.version == "ids" else f"{manifest.version}, leak-free"
    return replace(manifest, version=version, cases=cases)
