"""One prediction folder among several of the same pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import is_volume
from dermaseg_monai.manifest.listing import files_below
from dermaseg_monai.report import read_run
from dermaseg_monai.report.case_row import CaseRow
from dermaseg_monai.report.predictions import read_rows

PROBABILITIES = "probabilities"


@dataclass(frozen=True)
class Member:
    """What one network predicted.

    Attributes:
        folder: a prediction folder with `probabilities/`.
        rows: case id to row, sorted.
        run: what its `run.json` says.
    """

    folder: Path
    rows: dict[str, CaseRow]
    run: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "Member":
        """Read the table of a prediction folder.

        Raises:
            DataError: it is no prediction folder, or holds no probabilities.
        """
        rows = {row.case_id: row for row in read_rows(folder)}
        if not (folder / PROBABILITIES).is_dir():
            raise DataError(
                f"{folder} has no {PROBABILITIES}/, only masks, and masks have no mean. Predict again with a bundle."
            )
        return cls(folder, rows, read_run(folder))

    @property
    def is_scored(self) -> bool:
        """Its cases were compared with a reference."""
        return any(row.jaccard is not None for row in self.rows.values())

    def has(self, name: str) -> bool:
        """Say whether there is a map of this name: `uncertainty`, `boundary`."""
        return (self.folder / name).is_dir()

    def path(self, name: str, case_id: str) -> Path:
        """Return the file of a case in the sub-folder `name`.

        Raises:
            DataError: the case was not predicted; says why.
        """
        row = self.rows[case_id]
        if row.file is None:
            raise DataError(f"not predicted in {self.folder}: {row.reason}")
        return self.folder / name / row.file


def require_apart(out: Path, members: Sequence[Member]) -> None:
    """Refuse to write over a member.

    Raises:
        ConfigError: `out` is the folder of one.
    """
    if out.resolve() in {member.folder.resolve() for member in members}:
        raise ConfigError(f"{out} is one of the folders to average. Give another with --out.")


def photographs_in(folder: Path, member: Member) -> dict[str, Path]:
    """Return case id to file of the predicted photographs that lie below a folder, found by their names.

    Raises:
        DataError: there is no such folder, none of the photographs is there, or two files have the name of one.
    """
    wanted = {row.image: case_id for case_id, row in member.rows.items() if row.image and not is_volume(row.image)}
    found: dict[str, Path] = {}
    for path in files_below(folder):
        case_id = wanted.get(path.name)
        if case_id is not None and found.setdefault(case_id, path) != path:
            raise DataError(f"{found[case_id]} and {path} have the name of one photograph. Give a folder with one.")
    if not found:
        raise DataError(f"{folder} has none of the photographs of {member.folder}. Give the folder that was predicted.")
    return found


def open_members(folders: Sequence[Path]) -> list[Member]:
    """Read prediction folders that belong together.

    Raises:
        ConfigError: fewer than two, or one is given twice.
        DataError: one is no prediction folder, or they are not of the same cases.
    """
    if len(folders) < 2:  # noqa: PLR2004 (one has no mean)
        raise ConfigError(
            f"Predictions to average: {', '.join(map(str, folders)) or 'none'}. Give two folders or more."
        )
    places = [folder.resolve() for folder in folders]
    if twice := [str(folder) for folder, place in zip(folders, places, strict=True) if places.count(place) > 1]:
        raise ConfigError(f"{twice[0]} is given twice. Give every folder once.")
    members = [Member.open(folder) for folder in folders]
    first, *others = members
    for other in others:
        if odd := sorted(first.rows.keys() ^ other.rows.keys()):
            lacking, having = (first, other) if odd[0] in other.rows else (other, first)
            raise DataError(
                f"{lacking.folder} has no case {odd[0]}, which {having.folder} has ({len(odd)} such cases). "
                "Predict the same pictures with every network."
            )
    return members
