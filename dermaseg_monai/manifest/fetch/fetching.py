"""Fetch a data set: show its terms, download, check, unpack, index, verify; the same call goes on after a stop."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from dermaseg_monai.errors import ConfigError, DataError, IntegrityError
from dermaseg_monai.files import make_folder
from dermaseg_monai.manifest.fetch.bar import byte_bar
from dermaseg_monai.manifest.fetch.checksums import Found, difference, measure, set_aside
from dermaseg_monai.manifest.fetch.notice import notice, write_notice, write_record
from dermaseg_monai.manifest.fetch.pace import PATIENT, Pace
from dermaseg_monai.manifest.fetch.partial import Partial
from dermaseg_monai.manifest.fetch.release import Download, Release
from dermaseg_monai.manifest.fetch.sole import sole
from dermaseg_monai.manifest.fetch.space import needed_bytes, require_space
from dermaseg_monai.manifest.fetch.transfer import ask_size, transfer
from dermaseg_monai.manifest.fetch.unpack import archive_entries, unpack
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.readers import index
from dermaseg_monai.manifest.verification import Problem, verify

UNFINISHED = "unfinished"
"""Folder below the root for what is not whole yet; it is gone when a fetch has ended well."""
SET_ASIDE = "set_aside"
"""Folder below the root for files that are not what was published."""


@dataclass(frozen=True)
class Fetched:
    """The manifest of what was fetched, where it lies, and the files that are not as it says."""

    manifest: Manifest
    path: Path
    problems: list[Problem]


def fetch_set(
    release: Release,
    root: str | Path,
    *,
    splits: Sequence[str] | None = None,
    pace: Pace = PATIENT,
    say: Callable[[str], None] = print,
) -> Fetched:
    """Fetch a set into `root`, index it to `root`/NAME.json (NAME_train.json for some `splits`) and verify it.

    Folders and tables that are there already are left as they are, and so is a manifest, against which they are
    verified. An archive that lies in `root` under its published name is used and stays.

    Raises:
        ConfigError: splits for a set that has none, or none of its splits.
        DownloadError: a file cannot be had, with the reason.
        IntegrityError: a file is not what was published; it is set aside and named.
        DataError: no space, a folder that cannot be written, or what the reader finds wrong.
    """
    chosen = _chosen(release, splits)
    folder = Path(root).expanduser().absolute()
    say(notice(release))
    if release.by_hand is not None:
        return _indexed(release, folder, splits, say)
    with sole(folder / UNFINISHED):
        write_notice(release, folder)
        missing = [download for download in chosen if not _is_there(download, folder)]
        for download in chosen:
            if download not in missing:
                say(f"{download.folder or download.name} is there already and stays as it is.")
        _require_room(missing, folder, pace, say)
        for download in missing:
            _get(release, download, folder, pace)
            say(f"Got {download.folder or download.name}.")
        _clear(chosen, folder / UNFINISHED)
    with suppress(OSError):  # parts of other splits may wait there
        (folder / UNFINISHED).rmdir()
    return _indexed(release, folder, splits, say)


def _chosen(release: Release, splits: Sequence[str] | None) -> list[Download]:
    if splits is None:
        return list(release.downloads)
    official = dict.fromkeys(download.split for download in release.downloads if download.split is not None)
    unknown = [split for split in splits if split not in official]
    if unknown or not splits:
        have = f"has the parts {', '.join(official)}" if official else "comes as a whole"
        raise ConfigError(f"{release.name} {have}, so --splits {','.join(splits)} does not fit.")
    return [download for download in release.downloads if download.split in splits]


def _is_there(download: Download, root: Path) -> bool:
    if download.folder is None:
        return (root / download.name).is_file()
    place = root / download.folder
    return place.is_dir() and any(place.iterdir())


def _require_room(missing: Sequence[Download], root: Path, pace: Pace, say: Callable[[str], None]) -> None:
    if not missing:
        return
    lacking = [download for download in missing if not _at_hand(download, root).is_file()]
    sizes = [_at_hand(download, root).stat().st_size for download in missing if download not in lacking]
    asked = [ask_size(download, pace) or 0 for download in lacking]
    done = sum(Partial(root / UNFINISHED / download.name).bytes_done for download in lacking) + sum(sizes)
    needed = needed_bytes([*asked, *sizes], done_bytes=done)
    require_space(root, needed, f"fetching {len(missing)} files (archives and what is in them)")
    say(f"{len(lacking)} files to download, {decimal(sum(asked))}; {decimal(done)} are here already.")


def _at_hand(download: Download, root: Path) -> Path:
    """Return where the whole archive lies: in the root, where the user put it, else among the unfinished."""
    given = root / download.name
    return given if given.is_file() else root / UNFINISHED / download.name


def _get(release: Release, download: Download, root: Path, pace: Pace) -> None:
    whole, partial = _at_hand(download, root), Partial(root / UNFINISHED / download.name)
    if not whole.is_file():
        transfer(download, partial, pace)
    here = whole if whole.is_file() else partial.path
    found = _measured(here, download)
    fault = difference(download, found)
    if fault is not None:
        raise set_aside(here, root / SET_ASIDE, download.name, fault)
    if here == partial.path:
        partial.keep()
    if download.folder is None:
        whole.replace(root / download.name)
        return
    _unpack(release, download, whole, root, found)
    if whole.parent.name == UNFINISHED:
        whole.unlink()


def _clear(chosen: Sequence[Download], unfinished: Path) -> None:
    """Remove what a killed run has left of files that are whole now."""
    for download in chosen:
        Partial(unfinished / download.name).discard()
        (unfinished / download.name).unlink(missing_ok=True)
        shutil.rmtree(unfinished / f"{download.folder}.unpacking", ignore_errors=True)
    for path in unfinished.glob(".writing-*"):
        path.unlink()


def _measured(path: Path, download: Download) -> Found:
    with byte_bar(f"Checking {download.name}", path.stat().st_size) as advance:
        return measure(path, advance)


def _unpack(release: Release, download: Download, whole: Path, root: Path, found: Found) -> None:
    assert download.folder is not None  # noqa: S101 (the caller has tables apart)
    half = make_folder(root / UNFINISHED) / f"{download.folder}.unpacking"
    try:
        total = sum(info.file_size for info in archive_entries(whole).values())
        with byte_bar(f"Unpacking {download.name}", total) as advance:
            names = unpack(whole, half, advance)
    except IntegrityError as error:
        shutil.rmtree(half, ignore_errors=True)
        why = str(error).removeprefix(f"{download.name} ")
        raise set_aside(whole, root / SET_ASIDE, download.name, why) from None
    write_record(half, release, download, found, n_files=len(names))
    try:
        # an empty folder may stand there; anything else was found before the download
        half.replace(root / download.folder)
    except OSError as error:
        raise DataError(f"Cannot make {root / download.folder}: {error.strerror}.") from error


def _indexed(release: Release, root: Path, splits: Sequence[str] | None, say: Callable[[str], None]) -> Fetched:
    official = list(dict.fromkeys(download.split for download in release.downloads if download.split is not None))
    parts = [split for split in official if splits is not None and split in splits]
    part = f"_{'_'.join(parts)}" if parts and parts != official else ""
    path = root / f"{release.name}{part}.json"
    if path.is_file():
        say(f"Verifying against {path}, which is there already.")
        manifest = Manifest.load(path)
    else:
        options: dict[str, Any] = {**release.options, **({"splits": parts} if parts else {})}
        try:
            manifest = index(release.reader, root, path, **options)
        except DataError as error:
            if release.by_hand is None:
                raise
            raise DataError(f"{error} {release.by_hand}") from None
    return Fetched(manifest, path, verify(manifest, root))
