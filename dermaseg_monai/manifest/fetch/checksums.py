"""Is a downloaded file the one that was published?"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dermaseg_monai.errors import IntegrityError
from dermaseg_monai.files import make_folder
from dermaseg_monai.manifest.fetch.release import Download

_CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Found:
    """What a file turned out to be."""

    size_bytes: int
    md5: str
    sha256: str


def measure(path: Path, advance: Callable[[int], None]) -> Found:
    """Return size, MD5 and sha256 of a file, read once; `advance` is told of every piece read."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            md5.update(chunk)
            sha256.update(chunk)
            size += len(chunk)
            advance(len(chunk))
    return Found(size, md5.hexdigest(), sha256.hexdigest())


def difference(download: Download, found: Found) -> str | None:
    """Say in what a file differs from what was published, None when it does not."""
    if download.size_bytes not in {None, found.size_bytes}:
        return f"has {found.size_bytes} bytes, published are {download.size_bytes}"
    if download.checksum is None:
        return None
    value = found.md5 if download.checksum.algorithm == "md5" else found.sha256
    if value == download.checksum.value:
        return None
    return f"has {download.checksum.algorithm} {value}, published is {download.checksum.value}"


def set_aside(path: Path, folder: Path, name: str, why: str) -> IntegrityError:
    """Move a file that is not what it should be to `folder` and return the error that says so."""
    place = make_folder(folder) / name
    path.replace(place)
    return IntegrityError(
        f"{name} {why}. It was not unpacked and lies in {place}. Run the command again to download it anew; if the "
        "same comes again, the file was changed on its server: do not use it, and report it."
    )
