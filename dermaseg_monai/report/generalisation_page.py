"""The matrix of data sets as one HTML page: scores, gaps, overlaps, and what differs besides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from dermaseg_monai.files import write_text
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.generalisation_cell import MatrixCell, MatrixRows
from dermaseg_monai.report.html import html_figures, html_list, html_page, html_paragraph

_STYLE: Final = """
.matrices{display:flex;flex-wrap:wrap;gap:8px 28px}.matrices h3{font-size:1rem;margin:.6em 0 .3em}
th,td{padding:3px 10px;text-align:right}th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{vertical-align:bottom}
table.words td,table.words th{text-align:left}table.words td{max-width:34ch;overflow-wrap:anywhere}
table.words td:first-child{min-width:8ch}
table.heat{font-size:.85rem}table.heat th{font-weight:normal;border:0;max-width:11ch;overflow-wrap:anywhere}
table.heat td{border:3px solid #fff;text-align:center;min-width:104px;padding:6px 8px}
table.heat td.own{outline:1px solid #222;outline-offset:-6px}table.heat td b{display:block;font-size:1.25rem}
table.heat td span{display:block;white-space:nowrap}table.heat td.none{background:#eee;color:#5a5a5a}
@media(max-width:600px){th,td{padding:3px 6px}table.heat td{min-width:84px;padding:4px}}
"""


@dataclass(frozen=True)
class GeneralisationPage:
    """What the page shows.

    Attributes:
        title: of the page.
        lead: sentences that say what was found.
        names: the data sets, in the order of rows and columns.
        matrices: title of a score to its cells, without the overlap where there is one.
        matrix_note: what stands in a cell.
        gaps: heading to a table and the sentence that explains it.
        overlap: the cases that two sets share, and what was done about them.
        overlap_note: sentences below it.
        differences: what else differs between the sets and the networks.
        sets: what is known of the data sets.
        networks: what is known of the networks.
        method: how the figures were made.
        missing: what was not run, and why.
    """

    title: str
    lead: Sequence[str]
    names: Sequence[str]
    matrices: Mapping[str, MatrixRows]
    matrix_note: str
    gaps: Mapping[str, tuple[Table, str]]
    overlap: Table
    overlap_note: Sequence[str]
    differences: Sequence[str]
    sets: Table
    networks: Table
    method: Sequence[str]
    missing: Sequence[str]


def write_generalisation_page(path: str | Path, page: GeneralisationPage) -> None:
    """Write the page; it needs no other file and runs no script.

    Raises:
        DataError: the file cannot be written.
    """
    none = html_paragraph("Nothing that the manifests and the weights tell.")
    parts = [
        *map(html_paragraph, page.lead),
        _section("Not scored", html_list(page.missing)) if page.missing else "",
        _section("Trained on, tested on", _matrices(page), f"<p class=faint>{escape(page.matrix_note)}</p>"),
        *(_section(name, html_figures(table), html_paragraph(words)) for name, (table, words) in page.gaps.items()),
        _section("Shared cases", html_figures(page.overlap), *map(html_paragraph, page.overlap_note)),
        _section("What else differs", html_list(page.differences) if page.differences else none),
        _section("Data sets", html_figures(page.sets, kind="words")),
        _section("Networks", html_figures(page.networks, kind="words")),
        _section("How it was made", *map(html_paragraph, page.method)),
    ]
    write_text(path, html_page(page.title, filter(None, parts), style=_STYLE))


def _section(heading: str, *parts: str) -> str:
    return "\n".join([f"<h2>{escape(heading)}</h2>", *parts])


def _matrices(page: GeneralisationPage) -> str:
    drawn = []
    for title, rows in page.matrices.items():
        header = "".join(f"<th>{escape(name)}</th>" for name in page.names)
        body = "".join(
            f"<tr><th>{escape(name)}</th>{''.join(map(_cell, row))}</tr>"
            for name, row in zip(page.names, rows, strict=True)
        )
        table = f"<table class=heat><thead><tr><th>trained on ↓ tested on →</th>{header}</tr></thead>"
        drawn.append(f"<div><h3>{escape(title)}</h3><div class=scroll>{table}<tbody>{body}</tbody></table></div></div>")
    return f"<div class=matrices>{''.join(drawn)}</div>"


def _cell(cell: MatrixCell | None) -> str:
    if cell is None:
        return "<td class=none>not scored</td>"
    red, green, blue = cell.colour
    spans = "".join(
        f"<span>{escape(words)}</span>" for words in (cell.interval, f"{cell.n} images", cell.remark) if words
    )
    kind = " class=own" if cell.own else ""
    style = f"background:rgb({red},{green},{blue});color:{cell.ink}"
    return f'<td{kind} style="{style}"><b>{cell.mean:.3f}</b>{spans}</td>'
