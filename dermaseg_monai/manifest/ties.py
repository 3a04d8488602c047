"""What ties cases to each other, directly or through others, in one set or across several."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.leaks import Key, Leak, shared_keys
from dermaseg_monai.manifest.manifest import Manifest

Holder: TypeAlias = tuple[str, str, Split]
"""A case where several sets are compared: name of its set, id, split."""

Tie: TypeAlias = tuple[Key, str, str]
"""What cases share: the key, the value, and where the value means something (everywhere when empty)."""


@dataclass(frozen=True)
class Step:
    """How a case was reached: the case before it, and what the two share."""

    before: Holder
    tie: Tie


class Ties:
    """All cases, `excluded` ones too, with what they share.

    A case that takes no part in the study still says that two others show one person: a picture that shares a lesion
    with the one and a patient with the other.
    """

    def __init__(self, manifests: Sequence[Manifest], pictures: Sequence[Leak] = ()) -> None:
        """Join cases by `shared_keys`, and by those of `pictures` whose key is `picture`."""
        self._held: dict[Tie, list[Holder]] = defaultdict(list)
        self._ties: dict[Holder, list[Tie]] = defaultdict(list)
        self._splits: dict[Tie, set[Split]] = defaultdict(set)
        for manifest in manifests:
            for case in manifest.cases:
                for key, value in shared_keys(case):
                    # group 7 of another set is another group
                    self._join((manifest.name, case.id, case.split), (key, value, _scope(key, manifest)))
        for number, leak in enumerate(pictures):
            if leak.key == "picture":
                for holder in zip(leak.sets, leak.case_ids, leak.splits, strict=True):
                    self._join(holder, (leak.key, leak.value, str(number)))

    def _join(self, holder: Holder, tie: Tie) -> None:
        self._held[tie].append(holder)
        self._ties[holder].append(tie)
        self._splits[tie].add(holder[2])

    def groups(self) -> Iterator[list[Holder]]:
        """Yield the cases that belong together, directly or through others."""
        seen: set[Holder] = set()
        for holder in self._ties:
            if holder not in seen:
                group = list(self.reached([holder]))
                seen.update(group)
                yield group

    def reached(self, starts: Sequence[Holder]) -> dict[Holder, Step | None]:
        """Return every case tied to one of `starts`, the nearest first, with the last step to it; None for a start."""
        found: dict[Holder, Step | None] = dict.fromkeys(starts)
        used: set[Tie] = set()
        waiting = deque(starts)
        while waiting:
            here = waiting.popleft()
            for tie in self._ties[here]:
                if tie in used:
                    continue
                used.add(tie)
                for other in self._held[tie]:
                    if other not in found:
                        found[other] = Step(here, tie)
                        waiting.append(other)
        return found

    def splits_beside(self, holder: Holder) -> set[Split]:
        """Return the splits, its own among them, of the cases that share something with a case directly."""
        return {split for tie in self._ties[holder] for split in self._splits[tie]}


def through(steps: dict[Holder, Step | None], holder: Holder) -> tuple[Holder, str]:
    """Return the start from which a case was reached, and the cases between, as text: `through x (excluded)`."""
    between: list[str] = []
    step = steps[holder]
    while step is not None:
        holder, step = step.before, steps[step.before]
        if step is not None:
            between.append(f"{holder[1]} ({holder[2]})")
    return holder, f"through {', '.join(reversed(between))}"


def _scope(key: Key, manifest: Manifest) -> str:
    return manifest.name if key == "group" else ""
