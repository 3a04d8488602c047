"""A file that grows in pieces beside its target, with a journal of the pieces that are safely in it."""

import errno
import json
import math
import os
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import write_json
from dermaseg_monai.manifest.fetch.web import Remote


@dataclass(frozen=True)
class Piece:
    """The bytes start..end-1 of a file."""

    number: int
    start: int
    end: int


@dataclass(frozen=True)
class _Journal:
    """Which version of which file the partial file belongs to, and which of its pieces are there."""

    url: str
    size_bytes: int
    validator: str | None
    piece_bytes: int
    done: list[int]


class Partial:
    """`NAME.partial` and `NAME.partial.json` beside the target; a piece counts only when the journal names it."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.partial")
        self._journal_path = target.with_name(f"{target.name}.partial.json")
        self._target = target
        self._lock = threading.Lock()
        self._journal: _Journal | None = None
        self._stream: IO[bytes] | None = None

    @property
    def bytes_done(self) -> int:
        """How much of the file an earlier run has left here."""
        journal = self._read_journal()
        return 0 if journal is None else sum(piece.end - piece.start for piece in _pieces(journal, journal.done))

    @contextmanager
    def resumed(self, remote: Remote, piece_bytes: int, *, checked_later: bool) -> Generator[list[Piece]]:
        """Open the file for pieces of `remote` and yield those that are missing.

        Earlier pieces are kept when they are of the same size and version. Where the whole file is `checked_later`
        against a published checksum, pieces from another address of the same size are kept too.

        Raises:
            DataError: the file cannot be written.
        """
        assert remote.size_bytes is not None  # noqa: S101 (pieces are asked for only where the size is known)
        earlier = self._read_journal()
        if earlier is None or not _fits(earlier, remote, checked_later=checked_later):
            self.discard()
            earlier = _Journal(remote.url, remote.size_bytes, remote.validator, piece_bytes, [])
        self._journal = _Journal(remote.url, remote.size_bytes, remote.validator, earlier.piece_bytes, earlier.done)
        mode = "r+b" if self.path.exists() else "w+b"
        with self._writing(), self.path.open(mode) as self._stream:
            self._stream.truncate(remote.size_bytes)
            yield _pieces(self._journal, _numbers(self._journal) - set(self._journal.done))

    def write(self, at: int, chunk: bytes) -> None:
        """Write bytes at a place of the file; threads may do so at the same time.

        Raises:
            DataError: no space is left, or the file cannot be written.
        """
        assert self._stream is not None  # noqa: S101 (inside `resumed`)
        with self._lock, self._writing():
            self._stream.seek(at)
            self._stream.write(chunk)

    def finish(self, piece: Piece) -> None:
        """Note a piece as done, after its bytes have reached the disk.

        Raises:
            DataError: no space is left, or the file cannot be written.
        """
        assert self._stream is not None  # noqa: S101 (inside `resumed`)
        assert self._journal is not None  # noqa: S101
        with self._lock, self._writing():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._journal.done.append(piece.number)
            write_json(self._journal_path, asdict(self._journal))

    def write_all(self, chunks: Iterable[bytes]) -> None:
        """Write the file anew from its beginning, without a journal: what breaks off starts anew.

        Raises:
            DataError: no space is left, or the file cannot be written.
        """
        self.discard()
        with self._writing(), self.path.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk)

    def keep(self) -> Path:
        """Rename the file, which is whole, to its target and return that."""
        with self._writing():
            self.path.replace(self._target)
        self._journal_path.unlink(missing_ok=True)
        return self._target

    def discard(self) -> None:
        """Remove what is there."""
        self._journal_path.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _read_journal(self) -> _Journal | None:
        try:
            journal = _Journal(**json.loads(self._journal_path.read_text("utf-8")))
            whole = self.path.stat().st_size == journal.size_bytes and set(journal.done) <= _numbers(journal)
        except (OSError, ValueError, TypeError):
            return None
        return journal if whole else None

    @contextmanager
    def _writing(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            reason = "no space left" if error.errno == errno.ENOSPC else error.strerror or str(error)
            raise DataError(
                f"Cannot write {self.path}: {reason}. Make room or a place to write; the same command then goes on."
            ) from error


def _fits(earlier: _Journal, remote: Remote, *, checked_later: bool) -> bool:
    if earlier.size_bytes != remote.size_bytes:
        return False
    if checked_later and earlier.url != remote.url:
        return True
    return earlier.validator == remote.validator and (checked_later or remote.validator is not None)


def _numbers(journal: _Journal) -> set[int]:
    return set(range(math.ceil(journal.size_bytes / journal.piece_bytes)))


def _pieces(journal: _Journal, numbers: Iterable[int]) -> list[Piece]:
    size, step = journal.size_bytes, journal.piece_bytes
    return [Piece(number, number * step, min(size, (number + 1) * step)) for number in sorted(set(numbers))]
