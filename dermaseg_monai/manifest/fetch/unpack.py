"""Unpack a zip archive that nobody has reason to trust: into its folder or not at all."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

from dermaseg_monai.errors import DataError, IntegrityError
from dermaseg_monai.files import make_folder
from dermaseg_monai.manifest.data_path import is_inside
from dermaseg_monai.manifest.fetch.space import require_space

_MOST_FILES: Final = 100_000
_MOST_RATIO: Final = 20  # images are packed already; all files together, against the archive
_MOST_FILE_RATIO: Final = 200  # one file, where it is larger than _SMALL_BYTES
_SMALL_BYTES: Final = 50 * 2**20  # so little is harmless, however well it was packed
_BLOCK_BYTES: Final = 4096  # what a small file takes on the disk
_CHUNK_BYTES: Final = 2**20
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of bzip2 and LZMA, zipfile unpacks whole blocks


def archive_entries(archive: Path) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """Return the files of an archive by their place in its folder, after checking every name, kind and size.

    Junk (__MACOSX, hidden files) is left out, and so is a single folder around everything.

    Raises:
        IntegrityError: no zip archive, or an entry that has no business there; its name is given.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir() or not is_inside(info.filename)]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise IntegrityError(f"{archive.name} is not a whole zip archive ({error})") from None
    _require_harmless(archive, infos)
    kept = {PurePosixPath(info.filename): info for info in infos if not _is_junk(PurePosixPath(info.filename))}
    if not kept:
        raise IntegrityError(f"{archive.name} holds no files")
    tops = {path.parts[0] for path in kept}
    around = len(tops) == 1 and all(len(path.parts) > 1 for path in kept)
    return {PurePosixPath(*path.parts[1:]) if around else path: info for path, info in kept.items()}


def unpack(archive: Path, folder: Path, advance: Callable[[int], None]) -> list[str]:
    """Unpack an archive into `folder`, which is made anew, and return the names of its files.

    `advance` is told of every piece written, in bytes.

    Raises:
        IntegrityError: what `archive_entries` refuses, or a file whose content does not match its checksum.
        DataError: no space, or the folder cannot be written.
    """
    entries = archive_entries(archive)
    room = sum(info.file_size + _BLOCK_BYTES for info in entries.values())
    require_space(archive.parent, room, f"unpacking {archive.name}")
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    with zipfile.ZipFile(archive) as opened:
        for path, info in entries.items():
            try:
                _write(opened, info, folder / path, advance)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
                raise IntegrityError(f"{archive.name} is damaged at {info.filename!r} ({error})") from None
            except OSError as error:
                reason = error.strerror or str(error)
                raise DataError(
                    f"Cannot unpack {archive} to {folder}: {reason}. Make room or a place to write; the same command "
                    "then goes on."
                ) from error
    return [path.as_posix() for path in entries]


def _write(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, advance: Callable[[int], None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # of what is stored or deflated zipfile gives no byte more than the size that was checked, and compares the CRC
    with opened.open(info) as source, target.open("xb") as sink:
        while chunk := source.read(_CHUNK_BYTES):
            sink.write(chunk)
            advance(len(chunk))


def _require_harmless(archive: Path, infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > _MOST_FILES:
        raise IntegrityError(f"{archive.name} holds {len(infos)} files, more than {_MOST_FILES}")
    for info in infos:
        fault = _fault(info)
        if fault is not None:
            raise IntegrityError(f"{archive.name} holds {info.orig_filename!r}, {fault}")
    total, packed = sum(info.file_size for info in infos), archive.stat().st_size
    if total > max(_SMALL_BYTES, _MOST_RATIO * packed):
        raise IntegrityError(f"{archive.name} would unpack {packed} bytes to {total}, more than {_MOST_RATIO} times")
    seen: set[str] = set()
    for info in infos:
        name = info.filename.casefold()
        if name in seen:
            raise IntegrityError(f"{archive.name} holds {info.filename!r} twice")
        seen.add(name)


def _fault(info: zipfile.ZipInfo) -> str | None:
    # zipfile cuts names at a NUL and turns backslashes on Windows: the name as it was stored is what counts
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    if not is_inside(name) or not name.isprintable():
        return "a name that leads out of its folder"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "a link or special file"
    if info.flag_bits & _ENCRYPTED:
        return "which is encrypted"
    if info.compress_type not in _METHODS:
        return "which is packed in another way than by deflate"
    if info.file_size > max(_SMALL_BYTES, _MOST_FILE_RATIO * info.compress_size):
        return f"which would unpack {info.compress_size} bytes to {info.file_size}"
    return None


def _is_junk(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts) or path.name == "Thumbs.db"
