"""The rows of one data set, and their table on disk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from dermaseg_monai.files import write_csv
from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.data_path import existing_dir
from dermaseg_monai.manifest.description.features import FEATURES
from dermaseg_monai.manifest.description.row import Row, describe_case, failed
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.processes import results_of

_WORTH_A_PROCESS: Final = 32
"""Images; starting a process costs about as much as these."""


@dataclass(frozen=True)
class Described:
    """The rows of a data set in the order of its cases; `name` is unique among those described together."""

    name: str
    manifest: Manifest
    dataset_dir: Path
    rows: tuple[Row, ...]

    def case(self, case_id: str) -> Case:
        """Return the case of a row."""
        return self._cases[case_id]

    @cached_property
    def _cases(self) -> dict[str, Case]:
        return {case.id: case for case in self.manifest.cases}


def describe(manifest: Manifest, dataset_dir: str | Path, *, name: str | None = None) -> Described:
    """Measure every image of a manifest, in parallel processes; a bad image gets an empty row.

    Raises:
        DataError: `dataset_dir` is no folder.
    """
    folder = existing_dir(dataset_dir)
    return Described(name or manifest.name, manifest, folder, tuple(_rows(manifest, folder)))


def write_table(path: str | Path, described: Iterable[Described]) -> None:
    """Write one row per image as CSV, of all data sets one after the other; an empty cell is a value not known.

    A spreadsheet executes nothing in it (`dermaseg_monai.cells`).
    """
    names = [feature.name for feature in FEATURES]
    write_csv(
        path,
        ["data_set", "id", "split", "status", "reason", "tone_reason", *names],
        ([one.name, *_cells(row, names)] for one in described for row in one.rows),
    )


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    head = (row.case_id, row.split, row.status, row.reason, row.tone_reason)
    return [*head, *(_cell(row.values[name]) for name in names)]


def _cell(value: float | str | None) -> str:
    return "" if value is None else value if isinstance(value, str) else f"{value:.6g}"


def _rows(manifest: Manifest, folder: Path) -> Iterator[Row]:
    work = partial(describe_case, dataset_dir=folder, set_licence=manifest.licence)
    title = f"Describing {manifest.name}"
    found = results_of(work, manifest.cases, title=title, workers=None, worth=_WORTH_A_PROCESS)
    lost = "the process that read it ended, perhaps for want of memory"
    for case, row in zip(manifest.cases, found, strict=True):
        yield row or failed(case, manifest.licence, lost)
