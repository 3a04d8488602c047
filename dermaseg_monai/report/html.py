"""The frame of a page that needs no other file: head, style, pictures as data; the caller escapes what it puts in."""

import base64
from collections.abc import Iterable
from html import escape
from io import BytesIO
from typing import Final

from PIL import Image

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.palette import NOTICE

_QUALITY: Final = 85
_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;color:#222;background:#fff;max-width:1180px;margin:0 auto;padding:16px}
h1{font-size:1.5rem;margin:.2em 0;overflow-wrap:anywhere}h2{font-size:1.2rem;margin:1.6em 0 .4em}
p,li{max-width:75ch;overflow-wrap:anywhere}.faint{color:#5a5a5a}.scroll{overflow-x:auto}
img{max-width:100%;height:auto;display:block}
table{border-collapse:collapse;font-size:.9rem}th,td{padding:3px 10px 3px 0;text-align:left;vertical-align:top}
td.number,th.number{text-align:right}thead th{border-bottom:1px solid #999}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px}dt{color:#5a5a5a}dd{margin:0;overflow-wrap:anywhere}
@media(max-width:600px){body{padding:10px;font-size:15px}dl{grid-template-columns:1fr}dd{margin-bottom:.5em}}
"""


def html_page(title: str, body: Iterable[str], *, style: str = "") -> str:
    """Return the page; `title` is escaped here, `body` and `style` go in as they are."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    start = f"<head>{head}<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>"
    top = f"<h1>{escape(title)}</h1>\n<p class=faint>{escape(NOTICE)}</p>"
    return f"<!doctype html>\n<html lang=en>{start}\n<body>\n{top}\n" + "\n".join(body) + "\n</body></html>\n"


def html_paragraph(words: str) -> str:
    """Return a paragraph, escaped."""
    return f"<p>{escape(words)}</p>"


def html_list(lines: Iterable[str]) -> str:
    """Return a list, escaped."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def html_picture(rgb: RgbImage, words: str) -> str:
    """Return a picture as JPEG inside the page; `words` describe it and are escaped here."""
    held = BytesIO()
    Image.fromarray(rgb).save(held, format="JPEG", quality=_QUALITY)
    data = base64.b64encode(held.getvalue()).decode("ascii")
    return f'<img alt="{escape(words)}" width={rgb.shape[1]} height={rgb.shape[0]} src="data:image/jpeg;base64,{data}">'


def html_figures(table: Table, *, kind: str = "figures") -> str:
    """Return a table that scrolls where the page is narrow, its notes below; `kind` is its class in the style."""
    header = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    drawn = f"<table class={kind}><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div class=scroll>{drawn}</div>{''.join(map(html_paragraph, table.notes))}"
