"""What a leak between the parts of a split is worth, as one HTML page."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from dermaseg_monai.files import write_text
from dermaseg_monai.images import read_image
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.html import html_figures, html_page, html_paragraph, html_picture

_STYLE: Final = """
table.figures td,table.figures th{text-align:right;padding:3px 10px}
table.figures td:first-child,table.figures th:first-child{text-align:left;padding-left:0;min-width:22ch}
table.figures td{white-space:nowrap}table.figures td:first-child{white-space:normal}
"""


def write_leak_worth_page(
    path: str | Path,
    *,
    title: str,
    lead: Sequence[str],
    tables: Mapping[str, Table],
    picture: Path,
    method: Sequence[str],
) -> None:
    """Write the page; it needs no other file.

    Args:
        path: of the page.
        title: of the page.
        lead: sentences that say what was found.
        tables: heading to figures.
        picture: PNG of the differences.
        method: how the figures were made.

    Raises:
        DataError: the file cannot be written.
    """
    body = [*map(html_paragraph, lead)]
    body.append(html_picture(read_image(picture).pixels, "The differences with their intervals."))
    for heading, table in tables.items():
        body += [f"<h2>{escape(heading)}</h2>", html_figures(table)]
    body += ["<h2>How it was made</h2>", *map(html_paragraph, method)]
    write_text(path, html_page(title, body, style=_STYLE))
