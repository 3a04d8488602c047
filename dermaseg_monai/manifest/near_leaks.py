"""Nearly the same picture must not stand on two sides either."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import write_text
from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.duplicates import (
    CROPS,
    WHOLE,
    Fingerprints,
    NearPair,
    Window,
    fingerprint_cases,
    near_pairs,
)
from dermaseg_monai.manifest.duplicates.fingerprint import VERSION
from dermaseg_monai.manifest.indirect_leaks import find_indirect_leaks
from dermaseg_monai.manifest.leaks import Leak, leak_error
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.memory import cache_dir
from dermaseg_monai.manifest.ties import Ties


def find_near_leaks(
    placed: Sequence[tuple[Manifest, str | Path]], *, windows: Sequence[Window] = (WHOLE, *CROPS)
) -> tuple[list[Leak], Mapping[str, str]]:
    """Return the pairs of pictures on two sides that are nearly the same, and why pictures could not be compared.

    Nearly the same are copies after resizing, recompression, change of colours, flips, quarter turns and, by
    `windows`, centre crops down to 52 % of the sides. Pairs of one id or one file are left to `find_overlaps`; a side
    is a split of a set. The key of such a leak is `picture`, its value says how near and how changed.

    Args:
        placed: manifests, each with the folder of its files.
        windows: which crops are compared, WHOLE among them.
    """
    ties, failures = find_near_ties(placed, windows=windows)
    return between_sides(ties), failures


def find_near_ties(
    placed: Sequence[tuple[Manifest, str | Path]], *, windows: Sequence[Window] = (WHOLE, *CROPS)
) -> tuple[list[Leak], Mapping[str, str]]:
    """Return all pairs of nearly the same picture that tie cases, as `find_near_leaks`; no leak need be among them.

    Two copies on one side, or one of them `excluded`, are of one lesion too: who shares a patient with the one shares
    it with the other (`find_indirect_leaks`, `leak_free`). `pictures_taking_part` leaves out those with an `excluded`
    picture. Pairs on one side whose cases are tied already are left out. An `excluded` picture that cannot be read is
    passed over.
    """
    cases = [case for manifest, _ in placed for case in manifest.cases]
    sets = [manifest.name for manifest, _ in placed for _ in manifest.cases]
    parts: list[Fingerprints] = []
    failures: dict[str, str] = {}
    count = 0
    for manifest, dataset_dir in placed:
        found, failed = fingerprint_cases(manifest.cases, dataset_dir, windows)
        parts.append(Fingerprints(found.words, found.pictures + count, found.windows, found.names))
        said = ((manifest.cases[at], reason) for at, reason in failed.items())
        failures |= {f"{manifest.name} {case.id}": reason for case, reason in said if case.split != "excluded"}
        count += len(manifest.cases)
    whole = Fingerprints(
        np.concatenate([part.words for part in parts]),
        np.concatenate([part.pictures for part in parts]),
        np.concatenate([part.windows for part in parts]),
        tuple(windows),
    )
    sides = _numbers([f"{case.split} {name}" for case, name in zip(cases, sets, strict=True)])
    groups = _group_numbers([manifest for manifest, _ in placed])
    pairs = near_pairs(whole, sides, groups=groups)
    return [_leak(pair, cases, sets) for pair in pairs if _is_news(pair, cases)], failures


def between_sides(ties: Sequence[Leak]) -> list[Leak]:
    """Return those of the ties whose cases stand on two sides, neither of them `excluded`."""
    return [tie for tie in pictures_taking_part(ties) if len(set(zip(tie.sets, tie.splits, strict=True))) > 1]


def pictures_taking_part(ties: Sequence[Leak]) -> list[Leak]:
    """Return the ties between pictures none of which is `excluded`."""
    return [tie for tie in ties if "excluded" not in tie.splits]


def require_no_near_leaks(manifest: Manifest, dataset_dir: str | Path) -> None:
    """Return when no picture of train, val or test is nearly one of another split, centre crops and margins included.

    The same search as in `dermaseg data leaks`, remembered by file. A copy ties the other pictures of its lesion and
    patient, too. `excluded` pictures are not looked at. Pictures that cannot be read are passed over here: verification
    is who says so. A manifest that was found clean, all its pictures read, is not searched again.

    Raises:
        LeakError: how many pairs, the nearest of them, and what to do.
    """
    cases = tuple(case for case in manifest.cases if case.split != "excluded")
    clean = cache_dir() / "near_leaks" / f"{manifest.digest[:32]}-{VERSION}"
    if len({case.split for case in cases}) < 2 or clean.is_file():  # noqa: PLR2004 (one side shares with no other)
        return
    ties, failures = find_near_ties([(replace(manifest, cases=cases), dataset_dir)])
    leaks = [*between_sides(ties), *find_indirect_leaks(manifest, pictures=ties)]
    if leaks:
        raise leak_error(leaks, manifest.name)
    if not failures:
        with suppress(DataError):  # a read-only home: it is searched again next time
            write_text(clean, "")


def _numbers(names: Sequence[str]) -> Int[np.ndarray, " n"]:
    return np.unique(names, return_inverse=True)[1] if names else np.empty(0, dtype=np.int64)


def _group_numbers(manifests: Sequence[Manifest]) -> Int[np.ndarray, " n"]:
    """Return the number of the group of every case, over all manifests, as what they say ties them."""
    number = {holder: at for at, group in enumerate(Ties(manifests).groups()) for holder in group}
    return np.array([number[one.name, case.id, case.split] for one in manifests for case in one.cases], dtype=np.int64)


def _is_news(pair: NearPair, cases: Sequence[Case]) -> bool:
    one, other = cases[pair.first], cases[pair.second]
    return one.id != other.id and one.image.sha256 != other.image.sha256


def _leak(pair: NearPair, cases: Sequence[Case], sets: Sequence[str]) -> Leak:
    one, other = cases[pair.first], cases[pair.second]
    return Leak(
        "picture",
        f"{pair.distance} of 256 bits differ, {pair.turn}, {pair.window.words}",
        (one.id, other.id),
        (one.split, other.split),
        (sets[pair.first], sets[pair.second]),
    )
