"""Names of lesions, patients and groups that look like one name spelt in two ways."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dermaseg_monai.manifest.leaks import Key, shared_keys
from dermaseg_monai.manifest.manifest import Manifest

_WORDS: Final[dict[Key, str]] = {"lesion_id": "lesion", "patient_id": "patient", "group": "group"}
_LEADING_ZEROS: Final = re.compile(r"(?<![0-9.,])0+(?=[0-9])")


@dataclass(frozen=True)
class LikeNames:
    """How many names of a kind (`lesion`, `patient`, `group`) have a near spelling, and the first two of them."""

    kind: str
    count: int
    one: str
    other: str

    def __str__(self) -> str:
        """Return the sentence of a warning."""
        return (
            f"{self.count} names of {self.kind}s differ only by capitals or leading zeros, first {self.one!r} and "
            f"{self.other!r}. They count as different: if they are one {self.kind}, spell them alike in the table."
        )


def like_names(manifests: Sequence[Manifest]) -> list[LikeNames]:
    """Return what differs only by capitals or leading zeros, a row per kind of name.

    Two such names may be two people, so they are not joined; but they may be one person on two sides of a split.
    """
    spellings: dict[tuple[Key, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for manifest in manifests:
        for case in manifest.cases:
            for key, value in shared_keys(case):
                if key in _WORDS:
                    place = manifest.name if key == "group" else ""  # group a of another set is another group
                    spellings[key, place][_LEADING_ZEROS.sub("", value.casefold())].add(value)
    found: dict[Key, list[list[str]]] = defaultdict(list)
    for (key, _), names in spellings.items():
        found[key] += [sorted(alike) for alike in names.values() if len(alike) > 1]
    return [
        LikeNames(word, sum(map(len, found[key])), *min(found[key])[:2]) for key, word in _WORDS.items() if found[key]
    ]
