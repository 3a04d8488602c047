"""One small table, written as plain text, as Markdown or for rich."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table as RichTable
from rich.text import Text


@dataclass(frozen=True)
class Table:
    """Text in columns: the first column to the left, all others to the right, notes below."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def plain(self) -> str:
        """Return lines for a terminal or a log."""
        widths = [max(len(cell) for cell in column) for column in zip(self.header, *self.rows, strict=True)]
        lines = [self._line(cells, widths) for cells in (self.header, *self.rows)]
        return "\n".join([*lines, *self.notes])

    def markdown(self) -> str:
        """Return a Markdown table, the notes as a paragraph below it."""
        rule = ["---", *["---:"] * (len(self.header) - 1)]
        lines = ["| " + " | ".join(map(_cell, cells)) + " |" for cells in (self.header, rule, *self.rows)]
        return "\n".join([*lines, "", " ".join(self.notes)] if self.notes else lines)

    def rich(self) -> RichTable:
        """Return a table that `rich.print` draws."""
        table = RichTable(caption=Text("\n".join(self.notes)) if self.notes else None, caption_justify="left")
        for number, name in enumerate(self.header):
            table.add_column(Text(name), justify="left" if number == 0 else "right", no_wrap=True)
        for cells in self.rows:
            table.add_row(*(Text(cell) for cell in cells))  # Text, because "[...]" would be read as markup
        return table

    @staticmethod
    def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
        first, *others = (
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *others]).rstrip()


def _cell(text: str) -> str:
    # a name that holds a bar or a line break would be two cells or two rows
    return " ".join(text.replace("|", "\\|").splitlines())
