"""What a run has to say to MLflow, as plain values that can wait in memory or in a file until the server answers."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from dermaseg_monai.files import parse_json

Status = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class Start:
    """Open a run.

    Attributes:
        tracking_uri: the store, without user and password.
        key: our own name of the run, kept as a tag, so that a repeated request never makes a second run.
        run_id: MLflow's, once the run is open.
        continued_id: the run to go on with, when a training is resumed.
        continued_key: its key, for a run that was never told its id.
    """

    tracking_uri: str
    experiment: str
    run_name: str
    key: str
    started_ms: int
    tags: dict[str, str] = field(default_factory=dict)
    run_id: str | None = None
    continued_id: str | None = None
    continued_key: str | None = None


@dataclass(frozen=True)
class Params:
    """Parameters, name to text."""

    values: dict[str, str]


@dataclass(frozen=True)
class Metrics:
    """Finite numbers of one moment."""

    values: dict[str, float]
    step: int
    time_ms: int


@dataclass(frozen=True)
class Text:
    """A small text artefact."""

    path: str
    text: str


@dataclass(frozen=True)
class File:
    """A file of this machine that becomes an artefact in `folder`; read when it is sent."""

    source: str
    folder: str | None = None


@dataclass(frozen=True)
class Picture:
    """A PNG of this machine, shown by MLflow under `key` with a slider over the steps."""

    source: str
    key: str
    step: int
    time_ms: int


@dataclass(frozen=True)
class Dataset:
    """The files a run used: a CSV table of this machine, with the digest of the manifest it was made from."""

    table: str
    name: str
    digest: str
    source: str
    context: str


@dataclass(frozen=True)
class End:
    """How the run ended."""

    status: Status
    ended_ms: int


Entry = Start | Params | Metrics | Text | File | Picture | Dataset | End

_KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__.lower(): kind for kind in (Start, Params, Metrics, Text, File, Picture, Dataset, End)
}


def file_of(entry: Entry) -> str | None:
    """Return the file of this machine that an entry sends, None for one that sends none."""
    match entry:
        case File(source) | Picture(source):
            return source
        case Dataset(table):
            return table
        case _:
            return None


def encode(entry: Entry) -> str:
    """Return one line of JSON."""
    return json.dumps({"kind": type(entry).__name__.lower(), **asdict(entry)}, ensure_ascii=False)


def decode(line: str) -> Entry:
    """Return the entry of one line. Raises: ValueError, KeyError or TypeError for a line `encode` did not write."""
    values = parse_json(line)
    return _KINDS[values.pop("kind")](**values)
