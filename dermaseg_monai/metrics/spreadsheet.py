"""Tables that somebody opens in a spreadsheet: no cell of theirs is a formula."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dermaseg_monai.files import replacing

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet takes for a formula, and what was quoted once already."""
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a CSV, whole or not at all, in which a spreadsheet executes nothing.

    A text that begins with `=`, `+`, `-`, `@`, tab or carriage return and is no number gets an apostrophe before it,
    as has one that begins with apostrophes and then one of these, so that `read_cells` gives back what was there.
    Names of annotators and cases are chosen by others. Source: OWASP, CSV injection.

    Raises:
        DataError: the file cannot be written.
    """
    safe = table.rename(columns=_quoted)
    for at in range(len(safe.columns)):
        if not pd.api.types.is_numeric_dtype(safe.dtypes.iloc[at]):
            safe.isetitem(at, safe.iloc[:, at].map(_quoted))
    with replacing(path) as temporary:
        safe.to_csv(temporary, index=False)


def read_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was read from a CSV with the texts that `write_table` was given."""
    plain = table.rename(columns=plain_cell)
    for at in range(len(plain.columns)):
        if not pd.api.types.is_numeric_dtype(plain.dtypes.iloc[at]):
            plain.isetitem(at, plain.iloc[:, at].map(plain_cell))
    return plain


def plain_cell(value: Any) -> Any:  # noqa: ANN401 (any cell: what is no text stays)
    """Return a cell as it was before `write_table` quoted it."""
    quoted = isinstance(value, str) and value.startswith("'") and _FORMULA.match(value) is not None
    return value[1:] if quoted else value


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row that was read from a CSV with the texts that were quoted in it."""
    return {key: plain_cell(value) for key, value in row.items()}


def quoted_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its cells as `write_table` writes them, for tables that are written row by row."""
    return {key: _quoted(value) for key, value in row.items()}


def _quoted(value: Any) -> Any:  # noqa: ANN401 (any cell: what is no text stays)
    is_formula = isinstance(value, str) and _FORMULA.match(value) is not None and _NUMBER.fullmatch(value) is None
    return f"'{value}" if is_formula else value
