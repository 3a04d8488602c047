"""Nearly the same picture must not stand on two sides either."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

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
from dermaseg_monai.manifest.leaks import Leak, leak_error
from dermaseg_monai.manifest.manifest import Manifest


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
    cases: list[Case] = []
    sets: list[str] = []
    parts: list[Fingerprints] = []
    failures: dict[str, str] = {}
    for manifest, dataset_dir in placed:
        held = [case for case in manifest.cases if case.split != "excluded"]
        found, failed = fingerprint_cases(held, dataset_dir, windows)
        parts.append(Fingerprints(found.words, found.pictures + len(cases), found.windows, found.names))
        failures |= {f"{manifest.name} {held[at].id}": reason for at, reason in failed.items()}
        cases += held
        sets += [manifest.name] * len(held)
    whole = Fingerprints(
        np.concatenate([part.words for part in parts]),
        np.concatenate([part.pictures for part in parts]),
        np.concatenate([part.windows for part in parts]),
        tuple(windows),
    )
    names = [f"{case.split} {name}" for case, name in zip(cases, sets, strict=True)]
    sides = np.unique(names, return_inverse=True)[1] if names else np.empty(0, dtype=np.int64)
    return [_leak(pair, cases, sets) for pair in near_pairs(whole, sides) if _is_news(pair, cases)], failures


def require_no_near_leaks(manifest: Manifest, dataset_dir: str | Path) -> None:
    """Return when no picture of train, val or test is nearly one of another split; crops are not looked for.

    Pictures that cannot be read are passed over here: verification is who says so.

    Raises:
        LeakError: how many pairs, the nearest of them, and what to do.
    """
    leaks, _ = find_near_leaks([(manifest, dataset_dir)], windows=(WHOLE,))
    if leaks:
        raise leak_error(leaks, manifest.name)


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
