"""A data set as its publisher releases it: which files, where, with which checksums, under which terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dermaseg_monai.manifest.case import Split


@dataclass(frozen=True)
class Checksum:
    """A published checksum, in lower-case hex."""

    algorithm: Literal["md5", "sha256"]
    value: str


@dataclass(frozen=True)
class Download:
    """One file of a release; the addresses are tried in their order.

    `size_bytes` and `checksum` are None where none is published; what was found is then recorded beside the images.
    `folder` is the folder that is made of an archive; a file without one is a table, kept as it is. `split` is the
    official part it belongs to, None where the release has no parts.
    """

    name: str
    urls: tuple[str, ...]
    size_bytes: int | None
    checksum: Checksum | None
    folder: str | None = None
    split: Split | None = None


@dataclass(frozen=True)
class Terms:
    """What a user agrees to: licence, whom to name, what to cite, and the page that says so."""

    licence: str
    attribution: str
    cite: tuple[str, ...]
    page: str


@dataclass(frozen=True)
class Release:
    """A data set, the reader that indexes it (with `options`) and the files it comes in.

    `by_hand` says how to get a set that cannot be downloaded; it has no downloads then.
    """

    name: str
    title: str
    reader: str
    terms: Terms
    downloads: tuple[Download, ...]
    by_hand: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
