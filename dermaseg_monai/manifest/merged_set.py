"""Several data sets as one, to train on all of them."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.canonical_name import canonical_name
from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.moved import moved


def common_folder(folders: Sequence[Path]) -> Path:
    """Return the deepest folder that holds all of these, as they are named: a linked folder lies where its link is.

    Raises:
        DataError: they lie on different drives.
    """
    try:
        return Path(os.path.commonpath([_named(folder) for folder in folders]))
    except ValueError as error:
        named = ", ".join(map(str, folders))
        raise DataError(f"{named} have no folder in common. Put the data sets on one drive, or link them.") from error


def _named(folder: Path) -> Path:
    return Path(os.path.abspath(folder))  # noqa: PTH100 (resolve() follows links)


def merge(manifests: Sequence[Manifest], folders: Sequence[Path], *, name: str) -> Manifest:
    """Return the cases of all manifests with their splits; paths start from `common_folder(folders)`.

    Every case gets the attribute `set`, the name of its manifest, unless it has one; a `group` is one of its set.
    Lesions and patients keep their ids, so that one who is in two sets is found by the leak search. Scope and licence
    are kept where all sets have the same. The version names the manifests with their digests, where one finds what is
    true of one set only: how it was divided, and what reduced pictures were made from.

    Raises:
        DataError: fewer than two manifests, two of one name, or an id in two of them.
    """
    if len(manifests) < 2:  # noqa: PLR2004 (one set is no merge)
        raise DataError("One manifest is named; name two or more to merge.")
    names = [manifest.name for manifest in manifests]
    if len(set(names)) < len(names):
        raise DataError(f"The manifests are named {', '.join(names)}. Give each set a name of its own (index --name).")
    root = common_folder(folders)
    below = [_named(folder).relative_to(root) for folder in folders]
    cases = [
        _in_set(case, place, manifest.name)
        for manifest, place in zip(manifests, below, strict=True)
        for case in manifest.cases
    ]
    _require_own_ids(manifests)
    licences = {manifest.licence for manifest in manifests}
    scopes = {manifest.scope for manifest in manifests}
    return Manifest(
        name=name,
        version=", ".join(f"{one.name} {one.version} ({one.digest[:12]})" for one in manifests),
        licence=licences.pop() if len(licences) == 1 else None,
        cases=tuple(cases),
        scope=scopes.pop() if len(scopes) == 1 else None,
    )


def _require_own_ids(manifests: Sequence[Manifest]) -> None:
    seen: dict[str, str] = {}
    for manifest in manifests:
        for case in manifest.cases:
            other = seen.setdefault(case.id, manifest.name)
            if other != manifest.name:
                raise DataError(
                    f"{other} and {manifest.name} both have a case {case.id}. If it is the same picture, take it "
                    "out of one of them (`dermaseg data leaks A.json B.json --out-clean FOLDER`); if not, rename it."
                )


def _in_set(case: Case, place: PurePath, name: str) -> Case:
    group = case.attributes.get("group")
    own = {} if group in (None, "") else {"group": f"{name}: {canonical_name(str(group))}"}
    attributes = {"set": name, **case.attributes, **own}
    return replace(moved(case, place), attributes=attributes)
