"""One lesion, patient or picture must not stand on two sides of a split."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from dermaseg_monai.errors import LeakError
from dermaseg_monai.manifest.canonical_name import canonical_name
from dermaseg_monai.manifest.case import Attribute, Case, Split
from dermaseg_monai.manifest.manifest import Manifest

Key: TypeAlias = Literal["id", "image", "lesion_id", "patient_id", "group", "picture", "indirect"]

KEYS: tuple[Key, ...] = get_args(Key)


@dataclass(frozen=True)
class Leak:
    """One value that cases on two or more sides share; a side is a split of a set.

    `key` says what is shared: the case id, the image file (its sha256), the lesion, the patient, the attribute
    `group`, or nearly the same picture (`value` then says how near). `indirect` is what cases share through others
    alone (`value` then says through which). `case_ids`, `splits` and `sets` (the names of the manifests) run in
    parallel.
    """

    key: Key
    value: str
    case_ids: tuple[str, ...]
    splits: tuple[Split, ...]
    sets: tuple[str, ...] = ()

    @property
    def crosses_splits(self) -> bool:
        """True when two different splits share it; False when, say, the training sides of two sets do."""
        return len(set(self.splits)) > 1


def shared_keys(case: Case) -> Iterator[tuple[Key, str]]:
    """Yield everything that ties a case to others; an empty value ties nothing.

    Names of lesions, patients and groups are taken in one spelling (`canonical_name`), whoever wrote the manifest.
    """
    yield "id", case.id
    if case.image.sha256:
        yield "image", case.image.sha256
    group = case.attributes.get("group")
    named: tuple[tuple[Key, Attribute], ...] = (
        ("lesion_id", case.lesion_id),
        ("patient_id", case.patient_id),
        ("group", group),
    )
    for key, value in named:
        name = "" if value is None else canonical_name(str(value))
        if name:
            yield key, name


def find_leaks(*manifests: Manifest) -> list[Leak]:
    """Return what train, val and test share directly, in one manifest or across several.

    What they share through others is in `find_indirect_leaks`. Across manifests it finds a set whose training images
    are another one's test images, as with ISIC 2018 and 2017.
    """
    return [leak for leak in find_overlaps(*manifests) if leak.crosses_splits]


def find_overlaps(*manifests: Manifest) -> list[Leak]:
    """Return what any two sides share directly, also the training sides of two sets; none of them is `excluded`."""
    holders: dict[tuple[Key, str, str], list[tuple[Case, str]]] = defaultdict(list)
    for manifest in manifests:
        for case in (case for case in manifest.cases if case.split != "excluded"):
            for key, value in shared_keys(case):
                # group 7 of another set is another group
                holders[key, value, manifest.name if key == "group" else ""].append((case, manifest.name))
    return [
        Leak(
            key,
            value,
            tuple(case.id for case, _ in held),
            tuple(case.split for case, _ in held),
            tuple(name for _, name in held),
        )
        for (key, value, _), held in sorted(holders.items(), key=lambda item: item[0])
        if len({(case.split, name) for case, name in held}) > 1
    ]


def leak_error(leaks: Sequence[Leak], where: str) -> LeakError:
    """Return the error for leaks between the splits of `where`: how many, the first of them, and what to do."""
    first = leaks[0]
    held = ", ".join(
        f"{case_id} ({split})" for case_id, split in list(zip(first.case_ids, first.splits, strict=True))[:4]
    )
    return LeakError(
        f"{len(leaks)} leaks between the splits of {where}, first "
        f"{first.key} {first.value} in {held}. Put these cases into one split or into `excluded` "
        "(`dermaseg data leaks MANIFEST --out-clean CLEAN.json` does), or accept the leaks with --allow_leaks True."
    )
