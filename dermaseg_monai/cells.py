"""Cells of tables that somebody opens in a spreadsheet: none of them is a formula."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet takes for a formula, and what was quoted once already."""
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)


def quoted_cell(value: Any) -> Any:  # noqa: ANN401 (any cell: what is no text stays)
    """Return a cell that a spreadsheet does not execute.

    A text that begins with `=`, `+`, `-`, `@`, tab or carriage return and is no number gets an apostrophe before it,
    as has one that begins with apostrophes and then one of these, so that `plain_cell` gives back what was there.
    Names of annotators and cases are chosen by others. Source: OWASP, CSV injection.
    """
    is_formula = isinstance(value, str) and _FORMULA.match(value) is not None and _NUMBER.fullmatch(value) is None
    return f"'{value}" if is_formula else value


def quoted_cells(row: Iterable[Any]) -> list[Any]:
    """Return the cells of a row as `quoted_cell` makes them, for tables that are written row by row."""
    return [quoted_cell(value) for value in row]


def quoted_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row by column with its cells as `quoted_cell` makes them."""
    return {key: quoted_cell(value) for key, value in row.items()}


def plain_cell(value: Any) -> Any:  # noqa: ANN401 (any cell: what is no text stays)
    """Return a cell as it was before it was quoted."""
    quoted = isinstance(value, str) and value.startswith("'") and _FORMULA.match(value) is not None
    return value[1:] if quoted else value


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row that was read from a CSV with the texts that were quoted in it."""
    return {key: plain_cell(value) for key, value in row.items()}
