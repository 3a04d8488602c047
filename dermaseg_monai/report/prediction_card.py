"""One predicted photograph on the page: its pictures, its numbers, and in words what its mask is like."""

from collections.abc import Iterator
from html import escape
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import quote

from dermaseg_monai.errors import ImageError
from dermaseg_monai.manifest.mask_findings import FULL_SHARE, MaskFacts
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.report.html import html_picture
from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.prediction_picture import PredictionPicture, draw_prediction

_SIDE_PX: Final = 320
_SPECK: Final = 0.001
"""Below so much of the lesion more digits say nothing of its further pieces."""
_NUMBERS: Final = {
    "predicted_dice": "predicted Dice {:.2f}",
    "dice_at_least": "at least {:.2f}",
    "member_dice": "networks agree to {:.2f}",
}
_LINKED: Final = {"overlays": "outline", "masks": "mask"}

STYLE: Final = """
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:22px 18px}
.cases.two{grid-template-columns:repeat(auto-fill,minmax(min(100%,500px),1fr))}
details{margin:0 0 1.2em}figure{margin:0}.seen{display:flex;flex-wrap:wrap;gap:6px}.seen>*{flex:1 1 240px}
.seen img{width:100%;max-height:420px;object-fit:contain;background:#f1f1f1}
.lost{background:#eee;color:#5a5a5a;display:grid;place-items:center;height:160px}
figcaption{font-size:.9rem;overflow-wrap:anywhere;margin-top:5px}.look{color:#a40000}
"""


def card_html(row: CaseRow, *, folder: Path) -> str:
    """Return the card of a photograph that was predicted; one whose mask cannot be read has no pictures."""
    assert row.file is not None, "a photograph that failed has no card"  # noqa: S101
    try:
        drawn = draw_prediction(folder, row.file, side_px=_SIDE_PX)
    except ImageError:
        pictures, look = "<div class=lost>cannot be shown</div>", ["Its mask cannot be read."]
    else:
        pictures, look = _pictures(row, drawn, folder), [*mask_words(drawn.facts), *drawn.remarks]
    said = f"<b>{escape(shown_id(name_of(row)))}</b>{_id(row)}<br>{escape(', '.join(number_words(row)))}"
    said += "".join(f"<br><span class=look>{escape(words)}</span>" for words in look)
    links = ", ".join(f'<a href="{href}">{word}</a>' for word, href in links_of(row, folder))
    said += f"<br>at full size: {links}" if links else ""
    return f"<figure><div class=seen>{pictures}</div><figcaption>{said}</figcaption></figure>"


def name_of(row: CaseRow) -> str:
    """Return the name of the photograph's file, or the id where the table does not say it."""
    return row.image or row.case_id


def links_of(row: CaseRow, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield word and address, relative to the folder, of the files of a photograph that are there."""
    for part, word in _LINKED.items():
        if row.file is not None and (folder / part / row.file).is_file():
            yield word, f"{part}/{quote(row.file)}"


def number_words(row: CaseRow) -> Iterator[str]:
    """Yield predicted Dice, its lower bound, agreement of the networks and lesion share, as far as there are any."""
    for name, words in _NUMBERS.items():
        if name in row.scores:
            yield words.format(row.scores[name])
    if "lesion_fraction" in row.scores and row.scores.get("pred_px") != 0:
        yield f"lesion {percent(row.scores['lesion_fraction'])} of the picture"


def percent(share: float) -> str:
    """Return a share of 0 to 1 in per cent, three digits."""
    return f"{100 * share:.3g} %"


def mask_words(facts: MaskFacts) -> Iterator[str]:
    """Yield what a person should know of an outline."""
    if facts.lesion_px == 0:
        yield "No lesion found."
        return
    if facts.lesion_px >= FULL_SHARE * facts.grid_px:
        yield "The outline takes in nearly the whole picture."
    elif facts.border_px:
        yield "The lesion reaches the edge of the picture; a part of it may lie outside."
    if facts.regions > 1:
        rest = (facts.lesion_px - facts.largest_px) / facts.lesion_px
        part = f"{100 * rest:.2g} %" if rest >= _SPECK else f"less than {100 * _SPECK:g} %"
        yield f"{facts.regions} separate pieces; all but the largest make up {part} of the area."
    if facts.holes:
        yield "The lesion has a hole." if facts.holes == 1 else f"The lesion has {facts.holes} holes."


def _pictures(row: CaseRow, drawn: PredictionPicture, folder: Path) -> str:
    name = shown_id(name_of(row))
    seen = html_picture(drawn.outlined, f"Outline of {name}")
    href = next((href for _, href in links_of(row, folder)), None)
    pictures = [f"<div>{seen}</div>" if href is None else f'<a href="{href}">{seen}</a>']
    if drawn.uncertainty is not None:
        pictures.append(f"<div>{html_picture(drawn.uncertainty, f'Uncertainty of {name}')}</div>")
    return "".join(pictures)


def _id(row: CaseRow) -> str:
    # two photographs of one name, in two folders, differ in their ids
    same = row.case_id in {row.image, PurePath(row.image).stem, ""} or not row.image
    return "" if same else f" <span class=faint>{escape(shown_id(row.case_id))}</span>"
