"""Put cases into splits so that nothing leaks, the same way on every machine."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.case import Case, Split
from dermaseg_monai.manifest.draw import draw_key
from dermaseg_monai.manifest.groups import groups_within
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.strata import strata
from dermaseg_monai.manifest.stratify import deal


def split_by_group(manifest: Manifest, *, val_share: float, test_share: float) -> Manifest:
    """Return the manifest with every case but the `excluded` ones in train, val or test.

    Cases that share a lesion, a patient, a `group` or the same picture stay together, also where only an `excluded`
    case ties them. Groups come in the order of the sha256 of their first id that takes part, fill `test_share` of the
    cases first, then `val_share`; the rest is train. A later version of the set with more cases therefore moves few
    groups; a large group can make a split larger than its share (`missed_shares`). A share of 1 takes every case.

    Raises:
        DataError: shares below 0, or 1 and more together unless one is 1 and the other 0, or too few groups for a split
            that was asked for.
    """
    whole = sorted((val_share, test_share)) == [0, 1]
    if min(val_share, test_share) < 0 or (val_share + test_share >= 1 and not whole):
        found = f"val_share {val_share} and test_share {test_share} must be 0 or more, and below 1 together"
        raise DataError(f"{found}, or one of them 1 for every case.")
    cases = taking_part(manifest)
    groups = groups_within(cases, manifest.cases)
    groups.sort(key=lambda group: hashlib.sha256(group[0].id.encode()).digest())
    n_test, n_val = test_share * len(cases), val_share * len(cases)
    sides: dict[str, Split] = {}
    filled: dict[Split, int] = {"test": 0, "val": 0, "train": 0}
    for group in groups:
        side: Split = "test" if filled["test"] < n_test else "val" if filled["val"] < n_val else "train"
        filled[side] += len(group)
        sides.update((case.id, side) for case in group)
    if filled["train"] == 0 and not whole:  # the other two are filled first
        raise DataError(
            f"Manifest {manifest.name} has {len(groups)} groups, too few for these shares. Lower the shares."
        )
    return placed(manifest, sides)


def split_by_size(
    manifest: Manifest, sizes: Mapping[Split, int], *, seed: int, stratify: Sequence[str] = ()
) -> Manifest:
    """Return the manifest with its cases, but the `excluded` ones, in splits of these sizes; groups stay whole.

    Each class of the attributes in `stratify` gets the same share in every split, as far as whole groups allow (see
    `deal`); sizes are kept exactly where they do. `split_by_group` is the plainer draw of `dermaseg data index`.

    Raises:
        DataError: sizes that are not the number of cases, an attribute that is not there, or fewer groups than splits.
    """
    cases = taking_part(manifest)
    _require_sizes(manifest, cases, sizes)
    groups = groups_within(cases, manifest.cases)
    classes = strata(cases, stratify)
    dealt = deal(groups, list(sizes.values()), classes=classes, seed=seed)
    require_all_filled(manifest, dealt, len(groups))
    return placed(manifest, {case.id: split for split, side in zip(sizes, dealt, strict=True) for case in side})


def split_by_image(manifest: Manifest, sizes: Mapping[Split, int], *, seed: int) -> Manifest:
    """Return the manifest with splits drawn image by image, as most papers do; lesions may be divided (`divided`).

    Cases in the order of `draw_key` fill the first split, then the next.

    Raises:
        DataError: sizes that are not the number of cases.
    """
    cases = taking_part(manifest)
    _require_sizes(manifest, cases, sizes)
    order = sorted(cases, key=lambda case: draw_key(case.id, seed=seed))
    places: list[Split] = [split for split, size in sizes.items() for _ in range(size)]
    return placed(manifest, {case.id: split for case, split in zip(order, places, strict=True)})


def taking_part(manifest: Manifest) -> list[Case]:
    """Return the cases that are not `excluded`."""
    return [case for case in manifest.cases if case.split != "excluded"]


def placed(manifest: Manifest, sides: Mapping[str, Split]) -> Manifest:
    """Return the manifest with the cases of these ids in these splits, the others where they were."""
    return replace(
        manifest, cases=tuple(replace(case, split=sides.get(case.id, case.split)) for case in manifest.cases)
    )


def require_all_filled(manifest: Manifest, sides: Sequence[Sequence[Case]], n_groups: int) -> None:
    """Return when every side has a case.

    Raises:
        DataError: one is empty, because the groups are few and large.
    """
    empty = [index for index, side in enumerate(sides, start=1) if not side]
    if empty:
        raise DataError(
            f"Manifest {manifest.name} has {n_groups} groups (lesions, patients, same pictures stay together), so that "
            f"part {empty[0]} of {len(sides)} is left empty. Ask for fewer or other parts."
        )


def _require_sizes(manifest: Manifest, cases: Sequence[Case], sizes: Mapping[Split, int]) -> None:
    if sum(sizes.values()) != len(cases) or min(sizes.values()) < 0:
        said = "/".join(str(size) for size in sizes.values())
        raise DataError(f"{said} are not the {len(cases)} cases of {manifest.name}. Let the sizes add up to them.")
