"""Problems and findings as rows: one per problem and per finding, and how many of each kind there are."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from dermaseg_monai.files import write_csv
from dermaseg_monai.manifest.inspection import FINDING_KINDS, PROBLEM_KINDS, Inspection

Level = Literal["error", "finding"]


class Row(NamedTuple):
    """One line of the table: an error makes its case unusable, a finding does not."""

    level: Level
    kind: str
    case_id: str
    path: str
    detail: str


def rows_of(inspection: Inspection) -> Iterator[Row]:
    """Yield errors, then findings by kind, the most remarkable first; twins have one row with all their ids."""
    for problem in inspection.problems:
        yield Row("error", problem.kind, problem.case_id, problem.path, problem.detail)
    for finding in inspection.findings:
        yield Row("finding", finding.kind, " ".join(finding.case_ids), finding.path, finding.detail)


def counts_of(inspection: Inspection) -> Iterator[tuple[Level, str, int, str]]:
    """Yield level, kind, number and meaning of every kind that occurs."""
    counts = Counter((row.level, row.kind) for row in rows_of(inspection))
    for kind, about in PROBLEM_KINDS.items():
        if counts["error", kind]:
            yield "error", kind, counts["error", kind], about
    for kind, about in FINDING_KINDS.items():
        if counts["finding", kind]:
            yield "finding", kind, counts["finding", kind], about


def write_problem_table(path: str | Path, inspection: Inspection) -> None:
    """Write all rows as CSV, in which a spreadsheet executes nothing (`dermaseg_monai.cells`).

    Raises:
        DataError: the file cannot be written.
    """
    write_csv(path, Row._fields, rows_of(inspection), line_end="\n")
