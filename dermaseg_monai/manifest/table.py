"""Tables that say more about the images: CSV files joined on the column that names the image."""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermaseg_monai.cells import plain_cell
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import require_regular, unpacked_bytes
from dermaseg_monai.images import IMAGE_SUFFIXES
from dermaseg_monai.manifest.canonical_name import canonical_name
from dermaseg_monai.manifest.case import Attribute

EMPTY: Final = frozenset({"", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None"})
"""What R, pandas, databases and spreadsheets write for a value that is missing; the word `none` is a value."""

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")  # so many digits fit into 64 bits
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?")


@dataclass(frozen=True)
class Table:
    """Rows by image id; a cell is a stripped string, "" where it is empty or says so (EMPTY)."""

    source: str
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]

    def require(self, columns: Iterable[str | None]) -> None:
        """Return when every named column is there.

        Raises:
            DataError: the columns that are missing, and those there are.
        """
        missing = [column for column in columns if column is not None and column not in self.columns]
        if missing:
            raise DataError(f"{self.source} has no column {', '.join(missing)}; it has {', '.join(self.columns)}.")

    def cell(self, image_id: str, column: str | None) -> str | None:
        """Return one cell, None when it is empty or the image has no row."""
        return (self.rows.get(image_id, {}).get(column) or None) if column is not None else None

    def identity(self, image_id: str, column: str | None) -> str | None:
        """Return the cell that says whose picture it is, in its one spelling (`canonical_name`).

        `unknown` names nobody and joins no pictures.
        """
        name = canonical_name(self.cell(image_id, column) or "")
        return None if name in EMPTY or name.casefold() == "unknown" else name

    def typed(self, column: str) -> dict[str, Attribute]:
        """Return a column by image id as int or float when all its cells are plain numbers, else as str.

        An empty cell is None. Numbers with leading zeros or more than 18 digits stay text, because they are codes.
        """
        cells = {image_id: row.get(column, "") for image_id, row in self.rows.items()}
        filled = [cell for cell in cells.values() if cell]
        kind: type[int | float | str] = str
        if all(_WHOLE.fullmatch(cell) for cell in filled):
            kind = int
        elif all(_NUMBER.fullmatch(cell) for cell in filled):
            kind = float
        return {image_id: kind(cell) if cell else None for image_id, cell in cells.items()}


def image_id(name: str) -> str:
    """Return the id in a file name: `images/ISIC_0000001.jpg` and `ISIC_0000001` both mean ISIC_0000001."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    fitting = [suffix for suffix in IMAGE_SUFFIXES if base.lower().endswith(suffix)]
    return base[: -max(map(len, fitting))] if fitting else base


def read_table(path: str | Path, *, id_column: str) -> Table:
    """Read one CSV file (comma, semicolon or tab, UTF-8; `.gz` is unpacked).

    A cell that is one of EMPTY is empty, unless it is an id. What was quoted against spreadsheets
    (`dermaseg_monai.cells`) is as it was before.

    Raises:
        DataError: no such file, no `id_column` (the columns found are listed), a column or an id twice, a row of
            another length.
    """
    source = Path(path).expanduser()
    lines = _lines(source)
    header = lines[0][1]
    table = Table(str(source), tuple(header), {})
    table.require([id_column])
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        raise DataError(f"{source} has {len(twice)} columns more than once, first {twice[0]!r}. Keep one, or rename.")
    ids = [image_id(cells[header.index(id_column)]) for _, cells in lines[1:]]
    repeated = [name for name, count in Counter(ids).items() if count > 1]
    if repeated:
        raise DataError(f"{source} names {len(repeated)} ids more than once, first {repeated[0]!r}. Keep one row each.")
    rows = {name: _row(header, cells, id_column) for name, (_, cells) in zip(ids, lines[1:], strict=True)}
    return Table(table.source, table.columns, rows)


def join_tables(paths: Sequence[str | Path], *, id_column: str) -> Table:
    """Read tables and join their rows on `id_column`.

    Raises:
        DataError: as `read_table`; also two tables that say different things of one image in one column.
    """
    tables = [read_table(path, id_column=id_column) for path in paths]
    columns = dict.fromkeys(column for table in tables for column in table.columns)
    rows: dict[str, dict[str, str]] = {}
    for table in tables:
        for name, row in table.rows.items():
            known = rows.setdefault(name, {})
            for column in (column for column in row if column != id_column):
                if known.setdefault(column, row[column]) != row[column]:
                    said = f"{known[column]!r} and {row[column]!r}"
                    raise DataError(f"{table.source}: column {column} of {name} is {said} in two tables. Remove one.")
    return Table(" + ".join(table.source for table in tables), tuple(columns), rows)


def _row(header: Sequence[str], cells: Sequence[str], id_column: str) -> dict[str, str]:
    pairs = zip(header, cells, strict=True)
    return {column: "" if cell in EMPTY and column != id_column else cell for column, cell in pairs}


def _lines(source: Path) -> list[tuple[int, list[str]]]:
    """Return (line number, cells, stripped and plain) of every row that is not blank, the header first."""
    try:
        require_regular(source)
        content = unpacked_bytes(source) if source.suffix == ".gz" else source.read_bytes()
        text = content.decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{source} is not a whole gzip file: {error}. Get it again.") from None
    except FileNotFoundError:
        raise DataError(f"There is no table {source}. Check --table.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{source} is not UTF-8 text (byte {error.start}). Save it as UTF-8 CSV.") from None
    except OSError as error:
        raise DataError(f"Cannot read the table {source}: {error.strerror}.") from error
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        lines = [(reader.line_num, [plain_cell(cell.strip()) for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise DataError(f"{source}, line {reader.line_num}: {error}.") from None
    lines = [line for line in lines if any(line[1])]
    if len(lines) < 2:  # noqa: PLR2004 (a header and one row)
        raise DataError(f"{source} has no rows. A table has a header line and one line per image.")
    width = len(lines[0][1])
    for number, cells in lines:
        if len(cells) != width:
            raise DataError(f"{source}, line {number}: {len(cells)} cells, but the header has {width}. Quote commas.")
    return lines
