"""Which cases that a network is tested on it may have seen, under another name or as another picture of the lesion."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dermaseg_monai.experiments.generalisation_sets import DataSet
from dermaseg_monai.manifest import Case, Manifest, Split, case_groups, find_leaks, find_near_leaks

SEEN: Final = ("train", "val")
"""What a training sees: it learns from the one and is chosen by the other."""
THROUGH_OTHERS: Final = "through another picture"
WORDS: Final[Mapping[str, str]] = {"image": "file", "lesion_id": "lesion", "patient_id": "patient"}
"""What is shared, for people; other keys speak for themselves."""


@dataclass(frozen=True)
class Overlap:
    """What the tested cases of one set share with the training side of another.

    Attributes:
        trained_on: name of the set that was trained on.
        tested_on: name of the set that is tested on.
        n: tested cases, all of them.
        shared: case id to what it shares (id, file, lesion, ...); these are left out of the leak-free score.
        unread: pictures of both sides that could not be read, so that only their ids and names were compared.
    """

    trained_on: str
    tested_on: str
    n: int
    shared: Mapping[str, tuple[str, ...]]
    unread: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many cases share what; a case may share several."""
        return dict(Counter(word for words in self.shared.values() for word in words).most_common())


def find_overlap(trained: DataSet, tested: DataSet, *, split: Split) -> Overlap:
    """Return the cases of `split` of one set that share something with train or val of another.

    Compared are what `find_leaks` and `find_near_leaks` compare, but for the attribute `group`, whose values mean
    something in one table only. A case is also left out where its own set ties it (by lesion, patient or group) to a
    picture that the training side holds, or the other set ties a picture of the training side to it.
    """
    seen = [case for case in trained.manifest.cases if case.split in SEEN]
    asked = [case for case in tested.manifest.cases if case.split == split]
    if trained.manifest.digest == tested.manifest.digest:
        shared, near = _shared(seen, asked), _near(trained, seen, tested, asked)
        groups = case_groups(tested.manifest.cases)
        joined = {
            case.id
            for group in groups
            if _holds(group, SEEN) or any(one.id in near[0] for one in group)
            for case in group
        }
    else:
        shared = _shared(_without_group(seen), _without_group(asked))
        near = _near(trained, seen, tested, [case for case in tested.manifest.cases if case.split != "excluded"])
        around = [case for group in case_groups(trained.manifest.cases) if _holds(group, SEEN) for case in group]
        touched = _shared(_without_group(around), _without_group(tested.manifest.cases))
        groups = case_groups(tested.manifest.cases)
        joined = {
            case.id
            for group in groups
            if any(one.id in touched or one.id in near[0] for one in group)
            for case in group
        }
    found = {}
    for case in asked:
        words = (*shared.get(case.id, ()), *(("picture",) if case.id in near[0] else ()))
        if words or case.id in joined:
            found[case.id] = words or (THROUGH_OTHERS,)
    return Overlap(trained.name, tested.name, len(asked), found, near[1])


def _shared(seen: Sequence[Case], asked: Sequence[Case]) -> dict[str, tuple[str, ...]]:
    """Return ids of `asked` cases with what each shares with any of `seen`."""
    if not seen or not asked:
        return {}
    sides = (_side(seen, "train"), _side(asked, "test"))
    found: dict[str, list[str]] = {}
    for leak in find_leaks(*sides):
        for case_id, split in zip(leak.case_ids, leak.splits, strict=True):
            if split == "test":
                found.setdefault(case_id, []).append(WORDS.get(leak.key, leak.key))
    return {case_id: tuple(dict.fromkeys(words)) for case_id, words in found.items()}


def _near(trained: DataSet, seen: Sequence[Case], tested: DataSet, asked: Sequence[Case]) -> tuple[frozenset[str], int]:
    """Return ids of `asked` cases whose picture is nearly one of `seen`, and how many pictures could not be read."""
    if not seen or not asked:
        return frozenset(), 0
    sides = [(_side(seen, "train"), trained.folder), (_side(asked, "test"), tested.folder)]
    leaks, failures = find_near_leaks(sides)
    found = {
        case_id
        for leak in leaks
        for case_id, split in zip(leak.case_ids, leak.splits, strict=True)
        if split == "test" and leak.crosses_splits
    }
    return frozenset(found), len(failures)


def _side(cases: Sequence[Case], split: Split) -> Manifest:
    return Manifest("side", "1", None, tuple(replace(case, split=split) for case in cases))


def _without_group(cases: Sequence[Case]) -> list[Case]:
    return [
        replace(case, attributes={name: value for name, value in case.attributes.items() if name != "group"})
        for case in cases
    ]


def _holds(group: Sequence[Case], splits: Sequence[str]) -> bool:
    return any(case.split in splits for case in group)
