"""The table of a prediction folder, `cases.csv`, as rows that were checked."""

import csv
from collections import Counter
from pathlib import Path

from dermaseg_monai.cells import plain_row
from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics.case_row import CaseRow


def read_rows(folder: Path) -> tuple[CaseRow, ...]:
    """Return the rows of a prediction folder in the order of their ids.

    Raises:
        DataError: there is no table, or it is no table of cases.
    """
    path = folder / "cases.csv"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            table = csv.DictReader(stream)
            rows = [CaseRow.parse(plain_row(cells)) for cells in table if cells.get("case_id")]
            header = table.fieldnames or ()
    except OSError as error:
        found = f"{folder} is no prediction folder: cases.csv {(error.strerror or str(error)).lower()}"
        raise DataError(f"{found}. Give a run, its model.safetensors, or a folder that an evaluation wrote.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table ({error}). Evaluate again.") from error
    if "case_id" not in header or not rows:
        found = "has no column case_id" if "case_id" not in header else "has no rows"
        raise DataError(f"{path} {found}. Give a folder that an evaluation wrote.")
    repeated = [name for name, count in Counter(row.case_id for row in rows).items() if count > 1]
    if repeated:
        raise DataError(f"{path} has {len(repeated)} ids twice, first {repeated[0]!r}. Evaluate again.")
    return tuple(sorted(rows, key=lambda row: row.case_id))
