"""What the search for leaks takes: manifests, and lists of ids where there is no more."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import write_csv
from dermaseg_monai.manifest.case import Case, FileRecord, Split
from dermaseg_monai.manifest.id_lists import read_list, shipped_list
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.table import image_id
from dermaseg_monai.shipped import shipped_files

_LIST_VERSION: Final = "ids"
_PARTS: Final[dict[str, Split]] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_WORDS: Final = re.compile(r"[-_ .]+")


def read_leak_source(source: str | Path) -> Manifest:
    """Return a manifest file, or the ids of a list as a manifest without files.

    A list is a CSV with the columns id and split (`.csv`, `.csv.gz`), the name of one that is shipped (isic2016,
    isic2017, isic2018, ham10000, ph2, benchmark), or plain text with one id per line (`#` begins a comment). Plain text
    says its split by a word of its name: `ISIC2018_test.txt`, `test.txt` and `test-ids.txt` are test sides, the first
    of ISIC2018. A name that says nothing of it is `train`.

    Raises:
        DataError: no such file or list, an id twice, a name with `test` or `val` in it that is no word or not the only
            one, or what a manifest or table has wrong.
    """
    path = Path(source)
    if path.suffix == ".txt":
        return _from_text(path)
    if path.name.endswith((".csv", ".csv.gz")):
        return _from_splits(read_list(path), path.name.removesuffix(".gz").removesuffix(".csv"))
    if not path.exists() and str(source) in shipped_files("data_manifests/splits", ".csv.gz"):
        return _from_splits(shipped_list(str(source)), str(source))
    return Manifest.load(path)


def has_files(manifest: Manifest) -> bool:
    """Say whether the cases have files; those of a list of ids have none."""
    return manifest.version != _LIST_VERSION


def write_leak_source(path: str | Path, manifest: Manifest) -> None:
    """Write a manifest, or a list of ids as CSV with the columns id and split.

    Raises:
        DataError: the file cannot be written.
    """
    if has_files(manifest):
        manifest.save(path)
    else:
        write_csv(path, ["id", "split"], ((case.id, case.split) for case in manifest.cases), line_end="\n")


def _from_text(path: Path) -> Manifest:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError(f"There is no id list {path}. Give a manifest (.json) or a list of ids.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the id list {path}: {error}.") from error
    ids = [image_id(line.strip()) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    repeated = sorted(name for name, count in Counter(ids).items() if count > 1)
    if repeated:
        raise DataError(f"{path} names {len(repeated)} ids more than once, first {repeated[0]!r}. Keep one line each.")
    name, split = _side_of_name(path)
    return _from_splits(dict.fromkeys(ids, split), name)


def _side_of_name(path: Path) -> tuple[str, Split]:
    """Return the set and the split that the name of a text list says."""
    words = _WORDS.split(path.stem)
    parts = [word for word in words if word.lower() in _PARTS]
    plain = path.stem.lower()
    if len(parts) > 1 or (not parts and ("test" in plain or "val" in plain)):
        # taken for a training side in silence, a test list would hide every leak
        raise DataError(
            f"The name of the id list {path} does not say which side it is: one of its words must be "
            f"{', '.join(_PARTS)}, as in {path.with_name('isic_test.txt').name}. Rename it, or give a CSV with the "
            "columns id and split."
        )
    if not parts:
        return path.stem, "train"
    at = words.index(parts[0])
    others = "_".join(words[:at] + words[at + 1 :])
    return others or path.stem, _PARTS[parts[0].lower()]


def _from_splits(splits: dict[str, Split], name: str) -> Manifest:
    cases = tuple(Case(case_id, FileRecord(case_id, ""), (), split) for case_id, split in splits.items())
    return Manifest(name, _LIST_VERSION, None, cases)
