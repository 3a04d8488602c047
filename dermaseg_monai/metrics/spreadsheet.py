"""Tables that somebody opens in a spreadsheet: no cell of theirs is a formula."""

from pathlib import Path

import pandas as pd

from dermaseg_monai.cells import plain_cell, quoted_cell
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


def read_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was read from a CSV with the texts that `write_table` was given."""
    plain = table.rename(columns=plain_cell)
    for at in range(len(plain.columns)):
        if not pd.api.types.is_numeric_dtype(plain.dtypes.iloc[at]):
            plain.isetitem(at, plain.iloc[:, at].map(plain_cell))
    return plain
