"""What has been prepared in a folder, a line for each case, so that a run that was cut off goes on."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import make_folder, sha256_of
from dermaseg_monai.locks import taken
from dermaseg_monai.manifest.case import Case, FileRecord
from dermaseg_monai.manifest.case_json import file_from_json, file_to_json

JOURNAL: Final = "journal.jsonl"
_RULE: Final = 1
"""Goes up when the same original would give other files."""


class Journal:
    """The open journal of a folder; one process at a time holds it (`held_journal`)."""

    def __init__(self, stream: TextIO, folder: Path, lines: list[dict[str, Any]]) -> None:
        self._stream, self._folder = stream, folder
        self._files: dict[tuple[str, ...], list[dict[str, Any]]] = {
            (line["id"], *line["of"]): line["files"] for line in lines
        }

    def ready(self, case: Case) -> tuple[FileRecord, ...] | None:
        """Return the files made of these very originals, when all of them still lie there unchanged."""
        data = self._files.get(_key(case))
        if data is None:
            return None
        records = tuple(file_from_json(item) for item in data)
        return records if all(_is_there(self._folder, record) for record in records) else None

    def add(self, case: Case, files: tuple[FileRecord, ...]) -> None:
        """Write down that a case is done."""
        name, *originals = _key(case)
        _write(self._stream, {"id": name, "of": originals, "files": [file_to_json(record) for record in files]})


@contextmanager
def held_journal(folder: Path, *, short_side_px: int) -> Generator[Journal]:
    """Make a folder or go on in one, and hold its journal; half-written files of a run that was killed are removed.

    Raises:
        DataError: the folder holds something else, pictures of another size, or another process works in it.
    """
    make_folder(folder)
    path = folder / JOURNAL
    if not path.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty and was not made by `dermaseg data prepare`. Choose another folder.")
    try:
        stream = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise DataError(f"Cannot write {path}: {error.strerror}. Choose a folder you may write to (--out).") from error
    with stream:
        if not taken(stream.fileno()):
            raise DataError(f"Another process prepares pictures in {folder}. Wait for it, or stop it.")
        lines = _read(stream, path)
        header = {"rule": _RULE, "short_side_px": short_side_px}
        if not lines:
            _write(stream, header)
        elif lines[0] != header:
            raise DataError(
                f"{folder} holds pictures prepared otherwise ({_said(lines[0])}, not {_said(header)}). "
                "Choose another folder (--out)."
            )
        for half in folder.rglob(".writing-*"):
            half.unlink(missing_ok=True)
        yield Journal(stream, folder, lines[1:])


def _key(case: Case) -> tuple[str, ...]:
    return (case.id, *(record.sha256 for record in case.files))


def _is_there(folder: Path, record: FileRecord) -> bool:
    try:
        return sha256_of(folder / record.path) == record.sha256
    except OSError:
        return False


def _read(stream: TextIO, path: Path) -> list[dict[str, Any]]:
    """Return the lines; a last one that was cut off is taken away."""
    stream.seek(0)
    text = stream.read()
    whole, newline, rest = text.rpartition("\n")
    if rest:
        stream.truncate(len((whole + newline).encode()))
    try:
        return [json.loads(line) for line in whole.splitlines()]
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}). Remove the folder and prepare again.") from error


def _write(stream: TextIO, data: dict[str, Any]) -> None:
    try:
        stream.write(json.dumps(data) + "\n")
        stream.flush()
    except OSError as error:
        raise DataError(f"Cannot write {stream.name}: {error.strerror}. Free some space and run again.") from error


def _said(header: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in header.items())
