"""Keep the pictures of some licences; the others take no part."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.manifest import Manifest

_VERSION: Final = re.compile(r"[\s_-]*v?\d+\.\d+$")
NONE: Final = "(none stated)"


def select_licences(manifest: Manifest, wanted: Iterable[str]) -> Manifest:
    """Return the manifest with every case of another licence `excluded`.

    A case without a licence has that of the set; one without either is excluded. Spelling and version do not matter:
    CC-0, cc0 and CC0-1.0 are one.

    Raises:
        DataError: no case that takes part has such a licence (those there are, are named with their numbers).
    """
    names = list(wanted)
    keys = {_key(name) for name in names}
    chosen = [case.split == "excluded" or _key(_licence(case, manifest)) in keys for case in manifest.cases]
    kept = [case for case, keep in zip(manifest.cases, chosen, strict=True) if keep and case.split != "excluded"]
    if not kept:
        held = ", ".join(f"{name} ({count})" for name, count in licence_counts(manifest).items())
        raise DataError(f"No case of {manifest.name} has the licence {' or '.join(names)}; there is {held}.")
    return replace(
        manifest,
        cases=tuple(
            case if keep else replace(case, split="excluded") for case, keep in zip(manifest.cases, chosen, strict=True)
        ),
    )


def licence_counts(manifest: Manifest) -> dict[str, int]:
    """Return how many cases that take part have each licence, the commonest first."""
    found = Counter(_licence(case, manifest) for case in manifest.cases if case.split != "excluded")
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _licence(case: Case, manifest: Manifest) -> str:
    return case.licence or manifest.licence or NONE


def _key(licence: str) -> str:
    plain = _VERSION.sub("", licence.strip().lower())
    return re.sub(r"[^a-z0-9]", "", plain)
