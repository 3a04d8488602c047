"""Splits that are lists of ids: the official ones of the challenges, our benchmark's, your own."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.case import SPLITS, Case, Split
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.table import read_table
from dermaseg_monai.shipped import shipped_files

SUFFIX: Final = ".csv.gz"


def shipped_list(name: str) -> dict[str, Split]:
    """Return the split of every id of a shipped list, for example isic2017.

    Raises:
        DataError: there is no such list here.
    """
    lists = shipped_files("data_manifests/splits", SUFFIX)
    if name not in lists:
        held = ", ".join(lists) or "none; install the package whole"
        raise DataError(f"There is no id list {name!r} in data_manifests/splits; there is {held}.")
    return read_list(lists[name])


def read_list(path: str | Path) -> dict[str, Split]:
    """Return the split of every id of a table with the columns id and split (CSV, also `.gz`).

    Raises:
        DataError: no such table, another column, an id twice, a word that is no split.
    """
    table = read_table(path, id_column="id")
    table.require(["split"])
    for case_id, row in table.rows.items():
        if row["split"] not in SPLITS:
            raise DataError(f"{path}: the split of {case_id} is {row['split']!r}; choose from {', '.join(SPLITS)}.")
    return {case_id: cast("Split", row["split"]) for case_id, row in table.rows.items()}


def apply_list(manifest: Manifest, listed: Mapping[str, Split], *, name: str) -> Manifest:
    """Return the manifest with every case in its listed split; a case that is not listed becomes `excluded`.

    What is `excluded` stays so.

    Raises:
        DataError: the list names no case of the manifest.
    """
    if not any(case.id in listed for case in manifest.cases):
        raise DataError(
            f"None of the {len(manifest.cases)} cases of {manifest.name} is in the list {name}; the first is "
            f"{manifest.cases[0].id}, the list begins with {min(listed)}. Choose the list of this data set."
        )
    return replace(manifest, cases=tuple(_listed(case, listed) for case in manifest.cases))


def coverage(manifest: Manifest, listed: Mapping[str, Split]) -> str:
    """Return how much of a list the manifest has, as text: `train 2594 of 2594, val 0 of 100`."""
    ids = {case.id for case in manifest.cases}
    whole = Counter(listed.values())
    here = Counter(split for case_id, split in listed.items() if case_id in ids)
    return ", ".join(f"{split} {here[split]} of {whole[split]}" for split in SPLITS if whole[split])


def _listed(case: Case, listed: Mapping[str, Split]) -> Case:
    return case if case.split == "excluded" else replace(case, split=listed.get(case.id, "excluded"))
