"""What a user should have read before using the images."""

from datetime import UTC, datetime
from pathlib import Path

from dermaseg_monai.files import write_json, write_text
from dermaseg_monai.manifest.fetch.checksums import Found
from dermaseg_monai.manifest.fetch.release import Download, Release

RECORD = "SOURCE.json"
"""Lies in every folder that was fetched: where its archive came from, size and checksums, licence."""


def notice(release: Release) -> str:
    """Return title, licence, attribution and citations as lines of text."""
    terms = release.terms
    lines = [
        release.title,
        f"Licence: {terms.licence}",
        f"Attribution: {terms.attribution}",
        f"Terms: {terms.page}",
        *(f"Please cite: {work}" for work in terms.cite),
    ]
    return "\n".join(lines)


def write_notice(release: Release, root: Path) -> Path:
    """Write the notice beside the images and return its path."""
    path = root / f"LICENCE_{release.name}.txt"
    write_text(path, notice(release) + "\n")
    return path


def write_record(folder: Path, release: Release, download: Download, found: Found, *, n_files: int) -> None:
    """Write SOURCE.json; a checksum that was not published is the one found here, and says so."""
    published = download.checksum
    record = {
        "set": release.name,
        "archive": download.name,
        "addresses": list(download.urls),
        "size_bytes": found.size_bytes,
        "sha256": found.sha256,
        "md5": found.md5,
        "published_size_bytes": download.size_bytes,
        "published_checksum": None if published is None else f"{published.algorithm}:{published.value}",
        "n_files": n_files,
        "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "licence": release.terms.licence,
        "attribution": release.terms.attribution,
    }
    write_json(folder / RECORD, record)
