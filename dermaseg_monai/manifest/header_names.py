"""Headers of volumes that name another case."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import is_volume, volume_texts
from dermaseg_monai.manifest.case import Case, FileRecord
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.table import image_id

_SHORTEST: Final = 4  # a header says many things; an id of three letters occurs in it by chance
_WORD = re.compile(r"[^\s,;:=/\\|()\[\]\x00]+")


class HeaderName(NamedTuple):
    """A file of a case whose header names another case and not its own."""

    case: Case
    record: FileRecord
    other_id: str


def header_names(manifest: Manifest, dataset_dir: str | Path) -> Iterator[HeaderName]:
    """Yield volumes whose free texts (descrip, db_name, intent_name, aux_file) hold the id of another case as a word.

    Ids of fewer than 4 characters and files that cannot be read are passed over. The texts stay unsaid: they may hold
    the name of a patient.
    """
    ids = {case.id for case in manifest.cases if len(case.id) >= _SHORTEST}
    for case in manifest.cases:
        for record in case.files:
            named = _named(Path(dataset_dir) / record.path) & ids if is_volume(record.path) else set[str]()
            if named and case.id not in named:
                yield HeaderName(case, record, min(named))


def _named(path: Path) -> set[str]:
    try:
        words = [word for text in volume_texts(path) for word in _WORD.findall(text)]
    except ImageError:
        return set()
    return {name for word in words for name in (word, image_id(word))}
