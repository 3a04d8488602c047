"""What was found out about files that have not changed since, so that checking costs once."""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import write_json

_SETTLED_S = 2.0  # a file changed this recently may change again within one tick of its time stamp


Facts: TypeAlias = Mapping[str, int | str]
"""What was found out about the pixels of a file, in words of the one who asked."""


@dataclass(frozen=True)
class Seen:
    """What one look at a file gave: its sha256, whether it could be decoded as what it is used for, and facts.

    A cache of before has no `ctime_ns` and `inode`: what it knows is looked at once more.
    """

    size_bytes: int
    mtime_ns: int
    sha256: str
    sound_as: Literal["image", "mask"] | None = None
    facts: Facts | None = None
    ctime_ns: int | None = None
    inode: int | None = None

    def is_of(self, stat: os.stat_result) -> bool:
        """Say whether the file is the same one, unchanged.

        Size and time of change alone would not do: unpacked archives and container layers give many files one time,
        and two masks of one size that change places keep both. The system itself keeps the time of the status.
        """
        known = (self.size_bytes, self.mtime_ns, self.ctime_ns, self.inode)
        return known == (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


class FileMemory:
    """Remembers files of one data folder by path, size, times and inode, in the user's cache, never in the folder.

    A cache that cannot be read or written is as good as none.
    """

    def __init__(self, dataset_dir: Path) -> None:
        self._folder = dataset_dir.absolute()
        name = hashlib.sha256(str(self._folder).encode()).hexdigest()[:24]
        self._path = cache_dir() / "files" / f"{name}.json"
        self._seen = _read(self._path)
        self._changed = False

    def recall(self, path: str) -> Seen | None:
        """Return what is known of a file (path below the folder), None when it is new or changed."""
        seen = self._seen.get(path)
        stat = (self._folder / path).stat()
        return seen if seen and seen.is_of(stat) else None

    def keep(
        self,
        path: str,
        *,
        sha256: str,
        stat: os.stat_result,
        sound_as: Literal["image", "mask"] | None,
        facts: Facts | None = None,
    ) -> None:
        """Remember a file; `stat` was taken before it was read. What is known of the same content stays known."""
        if time.time() - stat.st_mtime < _SETTLED_S:
            return
        before = self._seen.get(path)
        if before is not None and before.sha256 == sha256 and sound_as in (None, before.sound_as):
            sound_as, facts = before.sound_as, facts or before.facts
        self._seen[path] = Seen(stat.st_size, stat.st_mtime_ns, sha256, sound_as, facts, stat.st_ctime_ns, stat.st_ino)
        self._changed = True

    def save(self) -> None:
        """Write what was learned."""
        if not self._changed:
            return
        try:
            write_json(self._path, {path: asdict(seen) for path, seen in sorted(self._seen.items())})
        except DataError:
            return  # a read-only home: the files are hashed again next time


def cache_dir() -> Path:
    """Return $XDG_CACHE_HOME/dermaseg_monai, by default ~/.cache/dermaseg_monai."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "dermaseg_monai"


def _read(path: Path) -> dict[str, Seen]:
    try:
        return {name: Seen(**fields) for name, fields in json.loads(path.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
