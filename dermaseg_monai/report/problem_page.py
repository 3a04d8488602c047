"""What `dermaseg data verify` found as one HTML page: counts, then pictures of what is wrong or worth a look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.errors import ImageError
from dermaseg_monai.files import write_text
from dermaseg_monai.images import (
    REFERENCE_RGB,
    draw_outline,
    grey_slice,
    is_volume,
    read_image,
    read_mask,
    slices_to_show,
)
from dermaseg_monai.manifest import FINDING_KINDS, PROBLEM_KINDS, Case, Inspection, Manifest, counts_of
from dermaseg_monai.manifest.threads import in_threads
from dermaseg_monai.report.html import html_page, html_picture
from dermaseg_monai.report.page import Sheet, shown_id
from dermaseg_monai.report.view import reduced, reduced_image

SHOWN_PER_KIND: Final = 24
"""So many pictures of one kind are shown, the most remarkable; the rest is named."""

_SIDE_PX: Final = 220
_MOST_PICTURES: Final = 3
_NAMED: Final = 2000
_STYLE: Final = """
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:18px}
.card{border:1px solid #ccc;padding:8px}.card b,.card p{overflow-wrap:anywhere}.card p{font-size:.85rem;margin:.3em 0 0}
.pictures{display:flex;flex-wrap:wrap;gap:6px}.pictures img{max-height:220px;width:auto}
.lost{background:#eee;color:#5a5a5a;display:grid;place-items:center;height:110px;width:100%;font-size:.85rem}
.bad{color:#a40000}details{margin:.8em 0}details p{font-size:.85rem;max-width:none}
"""


@dataclass(frozen=True)
class _Item:
    """One thing to show: the sentence, and the cases and mask it is about."""

    kind: str
    case_ids: tuple[str, ...]
    path: str
    detail: str


def write_problem_page(
    path: str | Path, inspection: Inspection, *, manifest: Manifest, dataset_dir: str | Path
) -> None:
    """Write the page; it needs no other file.

    Raises:
        DataError: the file cannot be written.
    """
    problems = [_Item(one.kind, (one.case_id,), one.path, one.detail) for one in inspection.problems]
    findings = [_Item(one.kind, one.case_ids, one.path, one.detail) for one in inspection.findings]
    draw = partial(_card, folder=Path(dataset_dir), cases={case.id: case for case in manifest.cases})
    body = [
        _sentence(manifest, inspection),
        _counts(inspection),
        "<p class=faint>A cyan line is the outline of the mask.</p>" if findings else "",
    ]
    for kinds, items, mark in ((PROBLEM_KINDS, problems, " class=bad"), (FINDING_KINDS, findings, "")):
        for kind, about in kinds.items():
            held = [item for item in items if item.kind == kind]
            if held:
                cards = in_threads(draw, held[:SHOWN_PER_KIND], title=f"Drawing {kind}")
                body.append(f"<h2{mark}>{escape(_words(kind))} ({len(held):,})</h2><p>{escape(_sentenced(about))}</p>")
                body += ["<div class=cards>", *cards, "</div>", _rest(held[SHOWN_PER_KIND:])]
    title = f"Check of {shown_id(manifest.name)}"
    write_text(path, html_page(title, [part for part in body if part], style=_STYLE))


def _sentence(manifest: Manifest, inspection: Inspection) -> str:
    bad = len({problem.case_id for problem in inspection.problems})
    noted = len({name for finding in inspection.findings for name in finding.case_ids})
    usable = (
        f"<b class=bad>{bad:,} of {len(manifest.cases):,} cases cannot be used.</b>"
        if bad
        else f"All {len(manifest.cases):,} cases can be used."
    )
    facts = f"{noted:,} have something worth a look. Manifest digest {manifest.digest[:12]}."
    return f"<p>{usable} {facts}</p>"


def _counts(inspection: Inspection) -> str:
    """Return every kind that occurs with its number and meaning."""
    rows = [
        f"<tr><td>{level}</td><td>{escape(_words(kind))}</td><td class=number>{number:,}</td>"
        f"<td>{escape(about)}</td></tr>"
        for level, kind, number, about in counts_of(inspection)
    ]
    if not rows:
        return "<p>Nothing was found: no error, and no mask that is worth a look.</p>"
    head = "<tr><th></th><th>kind</th><th class=number>number</th><th>what it means</th></tr>"
    return f"<div class=scroll><table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table></div>"


def _card(item: _Item, *, folder: Path, cases: Mapping[str, Case]) -> str:
    pictures = [_picture(cases[name], item, folder) for name in item.case_ids[:_MOST_PICTURES]]
    names = ", ".join(shown_id(name) for name in item.case_ids[: 2 * _MOST_PICTURES])
    more = f" and {len(item.case_ids) - 2 * _MOST_PICTURES} more" if len(item.case_ids) > 2 * _MOST_PICTURES else ""
    splits = ", ".join(sorted({cases[name].split for name in item.case_ids}))
    words = f"<b>{escape(names + more)}</b> <span class=faint>{escape(splits)}</span><p>{escape(item.detail)}."
    return f"<div class=card><div class=pictures>{''.join(pictures)}</div>{words}</p></div>"


def _picture(case: Case, item: _Item, folder: Path) -> str:
    try:
        drawn = _drawn(case, item, folder)
    except ImageError:
        return "<div class=lost>cannot be shown</div>"
    return html_picture(drawn, f"Case {shown_id(case.id)}")


def _drawn(case: Case, item: _Item, folder: Path) -> Sheet:
    """The picture with the outline of the mask that the item names, else of the reference; of a volume one slice."""
    masks = [annotation.mask.path for annotation in case.annotations]
    own = case.reference.mask.path if case.reference else None
    chosen = item.path if item.path in masks else own
    picture = read_image(folder / case.image.path)
    image, mask = picture.pixels, _mask(folder / chosen) if chosen else None
    if picture.affine is not None:
        image, mask = _middle_slice(image, mask, picture.affine)
    small = reduced_image(image, _SIDE_PX)
    if mask is None or mask.shape != image.shape[:2]:
        return small
    return draw_outline(small, reduced(mask, _SIDE_PX) > 0.5, REFERENCE_RGB, width_px=2)  # noqa: PLR2004 (half of a pixel)


def _mask(path: Path) -> BoolMask | None:
    try:
        return read_mask(path, allow_grey=not is_volume(path))
    except ImageError:
        return None


def _middle_slice(
    values: np.ndarray, mask: np.ndarray | None, affine: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    fits = mask is not None and mask.shape == values.shape
    lesion = mask if mask is not None and fits else np.zeros(values.shape, dtype=bool)
    (one,) = slices_to_show(affine, lesion=lesion, masks=[lesion])
    return grey_slice(one, values), one.cut(lesion) if fits else None


def _rest(items: Sequence[_Item]) -> str:
    if not items:
        return ""
    names = ", ".join(shown_id(" = ".join(item.case_ids), 120) for item in items[:_NAMED])
    cut = f" and {len(items) - _NAMED:,} more, all in the table" if len(items) > _NAMED else ""
    return f"<details><summary>and {len(items):,} more</summary><p>{escape(names + cut)}</p></details>"


def _words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _sentenced(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
