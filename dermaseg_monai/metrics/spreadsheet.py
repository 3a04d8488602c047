"""Tables that somebody opens in a spreadsheet: no cell of theirs is a formula."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dermaseg_monai.cells import plain_cell, quoted_cell, quoted_cells
from dermaseg_monai.files import replacing


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a CSV, whole or not at all, in which a spreadsheet executes nothing.

    Cells are quoted as `quoted_cell` does; `read_cells` gives back what was there.

    Raises:
        DataError: the file cannot be written.
    """
    safe = table.rename(columns=quoted_cell)
    for at in range(len(safe.columns)):
        if not pd.api.types.is_numeric_dtype(safe.dtypes.iloc[at]):
            safe.isetitem(at, safe.iloc[:, at].map(quoted_cell))
    with replacing(path) as temporary:
        safe.to_csv(temporary, index=False)


def write_rows(path: str | Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Write rows by column as such a CSV: `columns` first, then those that only the rows have, in their order.

    What a row lacks is an empty cell. Unlike in a frame, whole numbers beside empty cells stay whole.

    Raises:
        DataError: the file cannot be written.
    """
    columns = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(quoted_cells(columns))
        writer.writerows(quoted_cells(row.get(name) for name in columns) for row in rows)


def read_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was read from a CSV with the texts that `write_table` was given."""
    plain = table.rename(columns=plain_cell)
    for at in range(len(plain.columns)):
        if not pd.api.types.is_numeric_dtype(plain.dtypes.iloc[at]):
            plain.isetitem(at, plain.iloc[:, at].map(plain_cell))
    return plain
