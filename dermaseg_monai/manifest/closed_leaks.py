"""The cases that are left when every leak has been closed."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from dermaseg_monai.files import write_csv
from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.leak_counts import shown_value
from dermaseg_monai.manifest.leaks import Key, Leak
from dermaseg_monai.manifest.manifest import Manifest

GivesWay: TypeAlias = Literal["train", "test"]
"""Which side loses its cases: the training side, so that a test set stays comparable, or the test side."""

_KEPT_FIRST: Final[dict[GivesWay, tuple[Split, ...]]] = {
    "train": ("test", "val", "train"),
    "test": ("train", "val", "test"),
}


@dataclass(frozen=True)
class Exclusion:
    """A case that was put into `excluded`: where it stood, and what it shares by `key` with a case that stays."""

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
    way round. What two training sides share stays. The version gets `, leak-free`, because the digest changes.
    """
    order = _KEPT_FIRST[gives_way]
    gone: dict[tuple[str, str, Split], Exclusion] = {}
    # leaks that reach the side that stays come first: who gives way there may close the others
    for leak in sorted(leaks, key=lambda leak: min(order.index(split) for split in leak.splits)):
        held: list[tuple[str, str, Split]] = [
            (name, case_id, split)
            for name, case_id, split in zip(leak.sets, leak.case_ids, leak.splits, strict=True)
            if (name, case_id, split) not in gone
        ]
        if not held:
            continue
        kept = min(held, key=lambda holder: order.index(holder[2]))
        for name, case_id, split in held:
            if split != kept[2]:
                gone[name, case_id, split] = Exclusion(name, case_id, split, leak.key, shown_value(leak), *kept)
    cleaned = [_without(manifest, set(gone)) for manifest in manifests]
    return cleaned, sorted(gone.values(), key=lambda item: (item.name, item.case_id))


def write_exclusions(path: str | Path, exclusions: Sequence[Exclusion]) -> None:
    """Write a CSV that says of every excluded case on which side it stood and why it went.

    A spreadsheet executes nothing in it (`dermaseg_monai.cells`).

    Raises:
        DataError: the file cannot be written.
    """
    header = ["set", "case_id", "split", "shares", "value", "with_set", "with_case", "with_split"]
    write_csv(path, header, map(astuple, exclusions))


def _without(manifest: Manifest, gone: set[tuple[str, str, Split]]) -> Manifest:
    cases = tuple(
        replace(case, split="excluded") if (manifest.name, case.id, case.split) in gone else case
        for case in manifest.cases
    )
    if cases == manifest.cases:
        return manifest
    version = manifest.version if manifest.version == "ids" else f"{manifest.version}, leak-free"
    return replace(manifest, version=version, cases=cases)
