"""Files are written beside their target and renamed, so that nobody ever reads half a file."""

import csv
import errno
import gzip
import hashlib
import io
import json
import os
import stat
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from dermaseg_monai.cells import quoted_cells
from dermaseg_monai.errors import DataError, IntegrityError

_SMALL_BYTES: Final = 16 << 20
_MOST_RATIO: Final = 50


def _read_umask() -> int:
    # the only portable way to read it is to set it, for the whole process: two threads doing so can leave it at 0
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK: Final = _read_umask()
"""mkstemp makes a file private (0600); written files are as open as those of any other program."""


@contextmanager
def replacing(path: str | Path) -> Generator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` when the block ends well, remove it when it fails.

    The temporary name keeps the suffixes of `path`, because writers choose the format by suffix. Folders are made.

    Raises:
        DataError: no space is left, or the folder cannot be written.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-", suffix="".join(target.suffixes[-2:]))
        os.close(handle)
    except OSError as error:
        raise _write_error(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_UMASK)
        temporary.replace(target)
    except OSError as error:
        raise _write_error(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_buffer(path: str | Path, buffer: io.BytesIO) -> None:
    """Write what a buffer holds: for writers that turn a full disk into something else than an OSError.

    Not by `Path.write_bytes`: where that fails, the view of the buffer lives on in the error's traceback, and Python
    3.13 prints a second error when the buffer goes before it.

    Raises:
        DataError: no space is left, or the folder cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as stream:
        stream.write(buffer.getbuffer())


def write_link(path: str | Path, target: str | Path) -> None:
    """Make a link to a file, by its full path; folders are made.

    Raises:
        DataError: something is in the way, or the disk holds no links.
    """
    link = Path(path)
    make_folder(link.parent)
    try:
        link.symlink_to(Path(target).resolve())
    except OSError as error:
        raise _write_error(link, error) from error


def make_folder(path: str | Path) -> Path:
    """Make a folder with its parents, unless it is there, and return it.

    Raises:
        DataError: no space is left, a file is in the way, or the place cannot be written.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _write_error(folder, error) from error
    return folder


def is_utf8(name: str) -> bool:
    """Say whether a file name is text; an old system's may hold bytes that are none."""
    return printable(name) == name


def printable(name: str) -> str:
    r"""Return a file name with `\xNN` for the bytes of it that are not UTF-8, which cannot be printed or written."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character, which no file name holds but a JSON file may
        return name.encode("utf-8", "backslashreplace").decode()


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with `replacing`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, data: Any) -> None:  # noqa: ANN401 (whatever json takes)
    """Write JSON, indented by two, with `replacing`; NaN is refused because JSON has none."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_csv(
    path: str | Path, header: Iterable[str], rows: Iterable[Iterable[Any]], *, line_end: str = "\r\n"
) -> None:
    """Write a CSV with `replacing`, in which a spreadsheet executes nothing (`dermaseg_monai.cells`)."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator=line_end)
        writer.writerow(quoted_cells(header))
        writer.writerows(map(quoted_cells, rows))


def write_rows(path: str | Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Write rows by column with `write_csv`: `columns` first, then those that only the rows have, in their order.

    What a row lacks is an empty cell. Unlike in a frame, whole numbers beside empty cells stay whole.
    """
    header = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    write_csv(path, header, ([row.get(name) for name in header] for row in rows))


def parse_json(text: str) -> Any:  # noqa: ANN401 (whatever json gives)
    """Return what JSON says. Raises: ValueError, also for what is nested so deeply that Python gives up."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read_object(path: str | Path) -> dict[str, Any]:
    """Return the JSON object of a file, or an empty one where there is none that can be read."""
    try:
        found: Any = parse_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def remove(path: str | Path) -> None:
    """Remove a file of an earlier command, if it is there.

    Raises:
        DataError: it cannot be removed.
    """
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"{path} cannot be replaced: {error.strerror}. Choose another folder (--out, --output_dir)."
        ) from error


def require_regular(path: str | Path) -> None:
    """Raise OSError where there is no file, or something else than one: a pipe or a device may be read for ever."""
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise OSError(errno.EINVAL, "it is a folder, a pipe or a device, not a regular file", str(path))


def unpacked_bytes(path: str | Path) -> bytes:
    """Return what a gzip file holds, which is at most 16 MiB or 50 times the file; text is packed to a tenth or so.

    Raises:
        DataError: it holds more: a few kilobytes can unpack to all the memory there is.
        OSError, EOFError, zlib.error: it is not there, damaged or cut short.
    """
    most_bytes = max(_SMALL_BYTES, _MOST_RATIO * Path(path).stat().st_size)
    with gzip.open(path, "rb") as packed:
        found = packed.read(most_bytes + 1)
    if len(found) > most_bytes:
        raise DataError(f"{path} unpacks to more than {most_bytes:,} bytes, which no table does. Get it again.")
    return found


def sha256_of(path: str | Path) -> str:
    """Return the sha256 of a file in hex, read in pieces; an OSError where it is no regular file."""
    require_regular(path)
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def require_unchanged(path: str | Path, sha256: str) -> None:
    """Return when a file is the one that the manifest means.

    Raises:
        IntegrityError: it is another.
        OSError: it cannot be read.
    """
    if sha256_of(path) != sha256:
        raise IntegrityError(
            f"{path} is not the file the manifest means: its sha256 differs. Get it again or index it anew."
        )


def _write_error(target: Path, error: OSError) -> DataError:
    if error.errno == errno.ENOSPC:
        return DataError(
            f"No space left to write {target}. Free some space or choose another folder (--output_dir, --out)."
        )
    reason = error.strerror or str(error)
    return DataError(f"Cannot write {target}: {reason}. Choose a folder you may write to (--output_dir, --out).")
