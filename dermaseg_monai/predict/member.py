"""One prediction folder among several of the same pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermaseg_monai.data.readable import id_by_path
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import is_volume
from dermaseg_monai.manifest.listing import files_below
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.metrics.case_rows import read_rows
from dermaseg_monai.report import read_run

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

    Where several cases have photographs of one name, a file is that of the case whose id is its path (`id_by_path`).

    Raises:
        DataError: there is no such folder, none of the photographs is there, two files have the name of one, or the
            cases of one name cannot be told apart.
    """
    wanted: dict[str, list[str]] = {}
    for case_id, row in member.rows.items():
        if row.image and not is_volume(row.image):
            wanted.setdefault(row.image, []).append(case_id)
    files: dict[str, list[Path]] = {}
    for path in files_below(folder):
        files.setdefault(path.name, []).append(path)
    found: dict[str, Path] = {}
    for name in wanted.keys() & files.keys():
        found |= _matched(wanted[name], files[name], folder)
    if not found:
        raise DataError(f"{folder} has none of the photographs of {member.folder}. Give the folder that was predicted.")
    return found


def _matched(case_ids: Sequence[str], files: Sequence[Path], folder: Path) -> dict[str, Path]:
    """Return case id to file of the cases and the files that have one name."""
    if len(case_ids) == 1:
        if len(files) > 1:
            raise DataError(f"{files[0]} and {files[1]} have the name of one photograph. Give a folder with one.")
        return {case_ids[0]: files[0]}
    by_path = {id_by_path(path, folder): path for path in files}
    lacking = [case_id for case_id in case_ids if case_id not in by_path]
    strange = [path for case_id, path in by_path.items() if case_id not in case_ids]
    if lacking and strange:
        raise DataError(
            f"Cases {case_ids[0]} and {case_ids[1]} are both of a photograph {strange[0].name}, and the path of "
            f"{strange[0]} is the id of neither. Give the folder that was predicted."
        )
    return {case_id: by_path[case_id] for case_id in case_ids if case_id in by_path}


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
