"""What `dermaseg data leaks` found as one HTML page: counts by side and key, then near-identical pictures in pairs."""

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import write_text
from dermaseg_monai.images import read_small
from dermaseg_monai.manifest import Leak, Split, count_shared, shown_value
from dermaseg_monai.manifest.threads import in_threads
from dermaseg_monai.report.html import html_page, html_paragraph, html_picture
from dermaseg_monai.report.page import shown_id

SHOWN_PAIRS: Final = 200
"""So many pairs of pictures are shown, those of two splits and the nearest first; the table has all."""

_NAMED: Final = 100
_SIDE_PX: Final = 200
_WORDS: Final = {
    "id": "same id",
    "image": "same file",
    "lesion_id": "same lesion",
    "patient_id": "same patient",
    "group": "same group",
    "picture": "near-identical picture",
    "indirect": "the same through other cases",
}
_STYLE: Final = """
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(430px,100%),1fr));gap:14px}
.pair{border:1px solid #ccc;padding:8px}.pair p{font-size:.85rem;margin:.4em 0 0;max-width:none}
.two{display:grid;grid-template-columns:1fr 1fr;gap:6px}.two div{font-size:.85rem;overflow-wrap:anywhere}
.two img{width:100%}.lost{background:#eee;color:#5a5a5a;display:grid;place-items:center;height:110px}
.bad{color:#a40000}
"""


def write_leak_page(
    path: str | Path,
    leaks: Sequence[Leak],
    *,
    title: str,
    notes: Sequence[str],
    pictures: Mapping[tuple[str, str, Split], Path],
) -> None:
    """Write the page; it needs no other file.

    Args:
        path: of the page.
        leaks: what was found, overlaps of two training sides too.
        title: of the page.
        notes: what was compared and what was not, said on top.
        pictures: the file of every case, by set, case id and split; those that are not there are left blank.

    Raises:
        DataError: the file cannot be written.
    """
    crossing = [leak for leak in leaks if leak.crosses_splits]
    pairs = [leak for leak in (*crossing, *(one for one in leaks if not one.crosses_splits)) if leak.key == "picture"]
    body = [_sentence(len(crossing), len(leaks) - len(crossing)), *map(html_paragraph, notes)]
    body.append(_counts(leaks))
    if pairs:
        cards = in_threads(partial(_pair, pictures=pictures), pairs[:SHOWN_PAIRS], title="Drawing pairs")
        shown = "" if len(pairs) <= SHOWN_PAIRS else f" The first {SHOWN_PAIRS} are shown, the table has all."
        body.append(f"<h2>Near-identical pictures ({len(pairs):,} pairs)</h2>")
        body.append(f"<p class=faint>The fewer of the 256 bits differ, the nearer.{shown}</p>")
        body += ["<div class=pairs>", *cards, "</div>"]
    named = [leak for leak in crossing if leak.key != "picture"]
    if named:
        rows = "".join(_row(leak) for leak in named[:_NAMED])
        more = "" if len(named) <= _NAMED else f" The first {_NAMED} are named, the table has all."
        head = "<tr><th>shares</th><th>value</th><th>cases</th></tr>"
        body.append(f"<h2>Other leaks between splits ({len(named):,})</h2><p class=faint>{more}</p>")
        body.append(f"<div class=scroll><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>")
    write_text(path, html_page(title, body, style=_STYLE))


def _sentence(leaks: int, overlaps: int) -> str:
    if not leaks:
        told = "Nothing stands on two different splits."
    else:
        told = f"<b class=bad>{leaks:,} leaks between different splits.</b>"
    more = f" {overlaps:,} values stand on one split of two sets (an overlap, no leak by itself)." if overlaps else ""
    return f"<p>{told}{more}</p>"


def _counts(leaks: Sequence[Leak]) -> str:
    rows = "".join(
        f"<tr><td class={'bad' if one.crosses_splits else 'faint'}>{'leak' if one.crosses_splits else 'overlap'}</td>"
        f"<td>{escape(' '.join(one.one))}</td><td>{escape(' '.join(one.other))}</td><td>{_WORDS[one.key]}</td>"
        f"<td class=number>{one.values:,}</td><td class=number>{one.cases_one:,}</td>"
        f"<td class=number>{one.cases_other:,}</td></tr>"
        for one in count_shared(leaks)
    )
    head = (
        "<tr><th></th><th>side</th><th>other side</th><th>share</th><th class=number>values</th>"
        "<th class=number>cases</th><th class=number>cases of the other</th></tr>"
    )
    return f"<div class=scroll><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>" if rows else ""


def _pair(leak: Leak, *, pictures: Mapping[tuple[str, str, Split], Path]) -> str:
    sides = "".join(
        f"<div>{_picture(pictures.get((name, case_id, split)), case_id)}<b>{escape(shown_id(case_id))}</b><br>"
        f"<span class=faint>{escape(shown_id(name))} {split}</span></div>"
        for name, case_id, split in zip(leak.sets, leak.case_ids, leak.splits, strict=True)
    )
    kind = "" if leak.crosses_splits else " (overlap)"
    return f"<div class=pair><div class=two>{sides}</div><p>{escape(leak.value)}{kind}</p></div>"


def _picture(path: Path | None, case_id: str) -> str:
    try:
        if path is None:
            return "<div class=lost>no file</div>"
        return html_picture(_thumbnail(path), f"Case {shown_id(case_id)}")
    except ImageError:
        return "<div class=lost>cannot be shown</div>"


def _thumbnail(path: Path) -> RgbImage:
    small = Image.fromarray(read_small(path, least_px=_SIDE_PX))
    small.thumbnail((_SIDE_PX, _SIDE_PX))
    return np.asarray(small)


def _row(leak: Leak) -> str:
    held = [
        f"{shown_id(case_id)} ({shown_id(name)} {split})"
        for case_id, split, name in zip(leak.case_ids, leak.splits, leak.sets, strict=True)
    ]
    more = f" and {len(held) - 6} more" if len(held) > 6 else ""  # noqa: PLR2004
    words = ", ".join(held[:6]) + more
    return f"<tr><td>{_WORDS[leak.key]}</td><td>{escape(shown_id(shown_value(leak)))}</td><td>{escape(words)}</td></tr>"
