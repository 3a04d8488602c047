"""The fingerprints of the pictures of a manifest."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import is_volume, read_small
from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.duplicates.fingerprint import GRID_PX, WORDS, fingerprints
from dermaseg_monai.manifest.duplicates.fingerprint_memory import FingerprintMemory
from dermaseg_monai.manifest.duplicates.pair_search import Fingerprints
from dermaseg_monai.manifest.duplicates.windows import Window
from dermaseg_monai.manifest.memory import FileMemory
from dermaseg_monai.manifest.threads import in_threads

_DECODED_PX: Final = 4 * GRID_PX
"""A JPEG is decoded at about this size: the smallest window still has two pixels for each of its grid."""


def fingerprint_cases(
    cases: Sequence[Case], dataset_dir: str | Path, windows: Sequence[Window]
) -> tuple[Fingerprints, dict[int, str]]:
    """Return the fingerprints of the cases' pictures, numbered in their order, and what could not be read.

    Taken once per content (sha256) and remembered. A file that is not what the manifest says counts as one that could
    not be read: what it shows must not be remembered, or told, as the picture of the case. A volume has none, nor has a
    plain area.
    """
    folder = Path(dataset_dir).expanduser().absolute()
    memory, files = FingerprintMemory(folder), FileMemory(folder)
    try:
        take = partial(_take, folder=folder, windows=tuple(windows), memory=memory, files=files)
        found = in_threads(take, list(cases), title="Looking at pictures")
    finally:
        memory.save()
        files.save()
    failures = {at: item for at, item in enumerate(found) if isinstance(item, str)}
    rows = [
        (words, picture, window)
        for picture, item in enumerate(found)
        if not isinstance(item, str)
        for window, words in enumerate(item)
        if words is not None
    ]
    held = Fingerprints(
        words=np.stack([row[0] for row in rows]) if rows else np.empty((0, WORDS), dtype=np.uint64),
        pictures=np.array([row[1] for row in rows], dtype=np.int64),
        windows=np.array([row[2] for row in rows], dtype=np.int64),
        names=tuple(windows),
    )
    return held, failures


def _take(
    case: Case, *, folder: Path, windows: tuple[Window, ...], memory: FingerprintMemory, files: FileMemory
) -> list[np.ndarray | None] | str:
    if is_volume(case.image.path) or not case.image.sha256:
        return [None for _ in windows]
    known = memory.recall(case.image.sha256, windows)
    path = folder / case.image.path
    problem = None if known is not None and not path.exists() else _problem(path, case, files)
    if problem is not None:
        return problem
    if known is not None:
        return known
    try:
        found = fingerprints(read_small(path, least_px=_DECODED_PX), windows)
    except ImageError as error:
        return str(error)
    memory.keep(case.image.sha256, windows, found)
    return found


def _problem(path: Path, case: Case, files: FileMemory) -> str | None:
    """Return why a file is not the picture of the case; one that is known and has not changed is not read for it."""
    try:
        stat = path.stat()
        seen = files.recall(case.image.path)
        sha256 = seen.sha256 if seen else sha256_of(path)
    except FileNotFoundError:
        return f"{path} does not exist"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    if seen is None:
        files.keep(case.image.path, sha256=sha256, stat=stat, sound_as=None)
    if sha256 == case.image.sha256:
        return None
    return f"{path} has sha256 {sha256[:12]}..., expected {case.image.sha256[:12]}...: it is another file now"
