"""What the search for leaks takes: manifests, and lists of ids where there is no more."""

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
    "validation": "val",
    "test": "test",
}


def read_leak_source(source: str | Path) -> Manifest:
    """Return a manifest file, or the ids of a list as a manifest without files.

    A list is a CSV with the columns id and split (`.csv`, `.csv.gz`), the name of one that is shipped (isic2016,
    isic2017, isic2018, ham10000, ph2, benchmark), or plain text with one id per line (`#` begins a comment). Plain text
    says its split by the end of its name, `ISIC2018_test.txt` is the test side of ISIC2018; otherwise it is `train`.

    Raises:
        DataError: no such file or list, an id twice, or what a manifest or table has wrong.
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
    repeated = sorted({name for name in ids if ids.count(name) > 1}) if len(set(ids)) < len(ids) else []
    if repeated:
        raise DataError(f"{path} names {len(repeated)} ids more than once, first {repeated[0]!r}. Keep one line each.")
    name, _, part = path.stem.rpartition("_")
    split = _PARTS.get(part.lower())
    if split is None or not name:
        name, split = path.stem, "train"
    return _from_splits(dict.fromkeys(ids, split), name)


def _from_splits(splits: dict[str, Split], name: str) -> Manifest:
    cases = tuple(Case(case_id, FileRecord(case_id, ""), (), split) for case_id, split in splits.items())
    return Manifest(name, _LIST_VERSION, None, cases)
