"""One lesion, patient or picture must not stand on two sides of a split."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dermaseg_monai.errors import LeakError
from dermaseg_monai.manifest.case import Case, Split
from dermaseg_monai.manifest.manifest import Manifest

Key: TypeAlias = Literal["id", "image", "lesion_id", "patient_id", "group"]


@dataclass(frozen=True)
class Leak:
    """One value that cases of two or more splits share.

    `key` says what is shared: the case id, the image file (its sha256), the lesion, the patient, or the attribute
    `group`. `case_ids` and `splits` run in parallel.
    """

    key: Key
    value: str
    case_ids: tuple[str, ...]
    splits: tuple[Split, ...]


def shared_keys(case: Case) -> Iterator[tuple[Key, str]]:
    """Yield everything that ties a case to others; an empty value ties nothing."""
    yield "id", case.id
    yield "image", case.image.sha256
    if case.lesion_id:
        yield "lesion_id", case.lesion_id
    if case.patient_id:
        yield "patient_id", case.patient_id
    group = case.attributes.get("group")
    if group not in (None, ""):
        yield "group", str(group)


def find_leaks(*manifests: Manifest) -> list[Leak]:
    """Return what train, val and test share, in one manifest or across several; `excluded` cases do not count.

    Across manifests it finds a set whose training images are another one's test images, as with ISIC 2018 and 2017.
    """
    holders: dict[tuple[Key, str], list[Case]] = defaultdict(list)
    for case in (case for manifest in manifests for case in manifest.cases if case.split != "excluded"):
        for tie in shared_keys(case):
            holders[tie].append(case)
    return [
        Leak(key, value, tuple(case.id for case in cases), tuple(case.split for case in cases))
        for (key, value), cases in sorted(holders.items(), key=lambda item: item[0])
        if len({case.split for case in cases}) > 1
    ]


def require_no_leaks(*manifests: Manifest, allow_leaks: bool) -> None:
    """Return when nothing leaks, or when `allow_leaks` says that it may.

    Raises:
        LeakError: how many leaks, the first of them, and what to do.
    """
    leaks = [] if allow_leaks else find_leaks(*manifests)
    if not leaks:
        return
    first = leaks[0]
    where = ", ".join(
        f"{case_id} ({split})" for case_id, split in list(zip(first.case_ids, first.splits, strict=True))[:4]
    )
    raise LeakError(
        f"{len(leaks)} leaks between the splits of {', '.join(manifest.name for manifest in manifests)}, first "
        f"{first.key} {first.value} in {where}. Put these cases into one split or into `excluded`, "
        "or accept the leaks with --allow_leaks True."
    )
