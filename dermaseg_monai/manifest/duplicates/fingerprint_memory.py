"""Fingerprints that were taken once, by the sha256 of the file they are of."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import replacing
from dermaseg_monai.manifest.duplicates.fingerprint import VERSION, WORDS
from dermaseg_monai.manifest.duplicates.windows import CROPS, WHOLE, Window
from dermaseg_monai.manifest.memory import cache_dir

_WINDOWS: Final = (WHOLE, *CROPS)
_FORM: Final = 2
"""Of what is kept; 1 held what lay under a case's path as the content that its manifest names, changed or not."""
_UNKNOWN, _BLANK, _KNOWN = 0, 1, 2


class FingerprintMemory:
    """Remembers fingerprints in the user's cache; one that cannot be read or written is as good as none.

    `name` tells heaps of pictures apart, so that no file grows without end; a data folder's path is one.
    """

    def __init__(self, name: str | Path) -> None:
        plain = "".join(letter if letter.isalnum() else "_" for letter in str(name))[-80:]
        self._path = cache_dir() / "fingerprints" / f"{plain}-{VERSION}-{_FORM}.npz"
        self._seen = _read(self._path)
        self._changed = False

    def recall(self, sha256: str, windows: Sequence[Window]) -> list[np.ndarray | None] | None:
        """Return what `fingerprints` gave for these windows of a file, None when one of them was never taken."""
        known = self._seen.get(sha256)
        if known is None:
            return None
        words, states = known
        places = [_WINDOWS.index(window) for window in windows]
        if any(states[place] == _UNKNOWN for place in places):
            return None
        return [words[place] if states[place] == _KNOWN else None for place in places]

    def keep(self, sha256: str, windows: Sequence[Window], found: Sequence[np.ndarray | None]) -> None:
        """Remember the fingerprints of some windows of a file."""
        empty = (np.zeros((len(_WINDOWS), WORDS), dtype=np.uint64), np.zeros(len(_WINDOWS), dtype=np.uint8))
        words, states = (part.copy() for part in self._seen.get(sha256, empty))
        for window, words_of in zip(windows, found, strict=True):
            place = _WINDOWS.index(window)
            states[place] = _BLANK if words_of is None else _KNOWN
            if words_of is not None:
                words[place] = words_of
        self._seen[sha256] = (words, states)
        self._changed = True

    def save(self) -> None:
        """Write what was learned."""
        if not self._changed:
            return
        names = sorted(self._seen)
        try:
            with replacing(self._path) as temporary:
                np.savez(
                    temporary,
                    names=np.array(names, dtype="S64"),
                    words=np.stack([self._seen[name][0] for name in names]),
                    states=np.stack([self._seen[name][1] for name in names]),
                )
        except DataError:
            return  # a read-only home: they are taken again next time
        self._changed = False


def _read(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            parts: Mapping[str, np.ndarray] = {key: held[key] for key in ("names", "words", "states")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    names, words, states = parts["names"], parts["words"], parts["states"]
    shapes = (words.shape[1:] == (len(_WINDOWS), WORDS), states.shape[1:] == (len(_WINDOWS),))
    if not all(shapes) or not len(names) == len(words) == len(states):
        return {}
    return {name.decode("ascii", "replace"): (words[at], states[at]) for at, name in enumerate(names.tolist())}
