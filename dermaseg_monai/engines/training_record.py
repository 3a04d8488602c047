"""The file beside weights that says what they were trained on."""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import replacing, unpacked_bytes

TRAINING_CASES: Final = "training_cases.csv.gz"
_EARLIER_MASKS: Final = "outlines"
"""A column that meant other things by the same masks; it is passed over."""


@dataclass(frozen=True)
class TrainingCase:
    """A case that weights have seen, as text.

    `manifest` is the start of the manifest's digest, `split` train (learned from) or val (chosen by), `image` the
    sha256 of the file. Lesion, patient and group are pseudonyms: equal where the names are equal, and no names.
    `whole` and `square` are the fingerprints of the picture and of its centre square, in hex, or empty. `masks` is
    the start of a digest of the masks that a sheet may learn from, the label and one of each reader; older files do not
    have it.
    """

    manifest: str
    split: str
    id: str
    image: str
    lesion: str
    patient: str
    group: str
    whole: str = ""
    square: str = ""
    masks: str = ""


def write_training_cases(path: str | Path, rows: Sequence[TrainingCase]) -> None:
    """Write rows as CSV, gzipped; the same rows give the same bytes.

    Raises:
        DataError: the file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = [field.name for field in fields(TrainingCase)]
    writer.writerow(names)
    writer.writerows([getattr(row, name) for name in names] for row in dict.fromkeys(rows))
    with replacing(path) as temporary:
        temporary.write_bytes(gzip.compress(text.getvalue().encode("utf-8"), mtime=0))


def read_training_cases(weights: str | Path) -> list[TrainingCase] | None:
    """Return what stands beside a weights file or in a run's folder, None when nothing does.

    Raises:
        DataError: the file is damaged.
    """
    path = Path(weights)
    names = [field.name for field in fields(TrainingCase)]
    try:
        path = _beside(path)
        reader = csv.reader(io.StringIO(unpacked_bytes(path).decode("utf-8"), newline=""))
        columns = next(reader, None)
        if columns not in (names, names[:-1], [*names[:-1], _EARLIER_MASKS]):
            raise DataError(f"{path} has other columns than {', '.join(names)}. Copy it again from its source.")
        passed_over = columns is not None and columns[-1] == _EARLIER_MASKS
        rows = [TrainingCase(*(row[:-1] if passed_over else row)) for row in reader]
        for row in rows:  # fingerprints are compared as bytes later
            bytes.fromhex(row.whole + row.square)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, TypeError, ValueError, zlib.error, csv.Error) as error:
        raise DataError(f"{path} is damaged: {error}. Copy it again from where the weights come from.") from error
    return rows


def _beside(weights: Path) -> Path:
    """Return the file beside weights, beside what they are a link to where none is beside the link, or in a folder."""
    if weights.is_dir():
        return weights / TRAINING_CASES
    near = weights.with_name(TRAINING_CASES)
    return near if near.is_file() else weights.resolve().with_name(TRAINING_CASES)
