"""The words and tables around the pictures of a prediction: what it is, what failed, in which order it stands."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path, PurePath
from typing import Any, Final

from matplotlib import colormaps
from matplotlib.colors import to_hex

from dermaseg_monai.files import read_object
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.report.html import html_list, html_paragraph
from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.palette import MAP_COLOURS
from dermaseg_monai.report.prediction_card import links_of, name_of, percent
from dermaseg_monai.report.prediction_picture import UNCERTAINTY

_COLUMNS: Final = {"predicted_dice": "predicted Dice", "dice_at_least": "at least", "member_dice": "networks agree"}
_LISTED: Final = 20
_DIGITS: Final = 12
_OPENINGS: Final = ("Cannot read ", "There is not enough memory to read ", "The name of ")
"""What reasons say before the path of a photograph."""
_MINUTE: Final = len("2026-11-29T14:05")
_DICE: Final = (
    "Predicted Dice is the overlap, 0 to 1, that the network itself expects between its outline and a person's. It is "
    "good for ordering. As a number it promises too much: with the released network it was 0.94 on average over 529 "
    "test photographs of ISIC 2018 where Dice was 0.87, and of the 74 poor outlines among them (Jaccard below 0.65) 22 "
    "were not in the lowest quarter."
)
_ORDER: Final = (
    "First come photographs on which no lesion was found, then the lowest predicted Dice: check these before the "
    "others. A high value is no guarantee."
)
_NEXT: Final = (
    "Outlines that are wrong can be corrected: dermaseg review writes the photographs as tasks for Label Studio, the "
    "lowest predicted Dice first, and takes the corrected outlines back."
)
_AGREE: Final = "“Networks agree” is the mean Dice between the outlines of the single networks: low where they differ."


def about_html(run: Mapping[str, Any], *, predicted: int, failed: int) -> str:
    """Return what was predicted, by what and when, as run.json says it."""
    counts = f"{predicted:,} predicted" + (f", {failed:,} could not be predicted" if failed else "")
    facts = {
        "Photographs": counts,
        "Network": _network(run),
        "Threshold": f"{run.get('threshold', 'not recorded')} (lesion from this probability on)",
        "Date": str(run.get("written_at", "not recorded"))[:_MINUTE].replace("T", " "),
    }
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(words)}</dd>" for name, words in facts.items()) + "</dl>"


def failed_html(rows: Sequence[CaseRow]) -> Iterator[str]:
    """Yield a section with the reason of every photograph that could not be predicted."""
    if not rows:
        return
    lines = [_reason(row) for row in rows]
    yield f"<h2 class=look>Could not be predicted ({len(rows):,})</h2>{html_list(lines[:_LISTED])}"
    if rest := lines[_LISTED:]:
        yield f"<details><summary>and {len(rest):,} more</summary>{html_list(rest)}</details>"


def pictures_html(folder: Path) -> Iterator[str]:
    """Yield what the pictures show and in which order they stand."""
    words = "Yellow: the predicted outline. Links open the files of the folder that this page was written into."
    if (folder / UNCERTAINTY).is_dir():
        words += " The second picture: where the network expects errors of its own,"
        yield f"<p>{words} from none <span class=scale></span> to certain; white: the same outline.</p>"
    else:
        yield html_paragraph(words)
    if not (folder / "overlays").is_dir():
        yield html_paragraph(
            "This folder holds no photographs, so the outlines lie on grey. A mean of several networks has them with "
            "dermaseg ensemble --images FOLDER."
        )
    yield html_paragraph(_ORDER)


def numbers_html(folder: Path, *, agree: bool) -> str:
    """Return what the numbers mean and what can be done about a wrong outline; folded, or the pictures come late."""
    words = [_DICE, *([_AGREE] if agree else []), *_bound_words(folder), _NEXT]
    summary = "What the numbers mean, and what to do about a wrong outline"
    return f"<details><summary>{summary}</summary>{''.join(map(html_paragraph, words))}</details>"


def rest_html(rows: Sequence[CaseRow], *, folder: Path, shown: int) -> Iterator[str]:
    """Yield the table of the photographs after the first `shown`, whose pictures would make the page heavy."""
    if not rows:
        return
    known = {name: words for name, words in _COLUMNS.items() if any(name in row.scores for row in rows)}
    head = ["photograph", *known.values(), "lesion", ""]
    cells = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(_row(row, folder, known) for row in rows)
    yield f"<h2>The other photographs ({len(rows):,})</h2>"
    yield f"<p class=faint>The first {shown:,} are shown above.</p>"
    yield f"<div class=scroll><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>"


def style() -> str:
    """Return the style of the scale of uncertainties and of the table."""
    shades = colormaps[MAP_COLOURS[UNCERTAINTY]]([0.0, 0.25, 0.5, 0.75, 1.0])
    colours = ",".join(to_hex(shade) for shade in shades)
    return (
        f".scale{{display:inline-block;width:90px;height:.7em;background:linear-gradient(90deg,{colours})}}\n"
        "td{white-space:nowrap}td.name{white-space:normal;overflow-wrap:anywhere;min-width:16ch}\n"
    )


def _bound_words(folder: Path) -> Iterator[str]:
    # `dermaseg quality` writes them
    said = read_object(folder / "quality.json")
    confidence, cases = said.get("confidence"), said.get("cases")
    if not isinstance(confidence, float) or not isinstance(cases, int):
        return
    learned = f"{cases:,} photographs that people had outlined ({said.get('learned_from', 'not recorded')})"
    yield (
        "“At least 0.70” says that a person's outline of this photograph would have a Dice of 0.70 or more with the "
        f"one shown. This is right for {100 * confidence:g} % of photographs; it cannot be told for which. 0.00 says "
        f"nothing. It was learned from {learned}, and holds over all photographs from the same source as those and for "
        "people who draw as those did; for others, or for a few chosen ones, it may promise too much."
    )


def _network(run: Mapping[str, Any]) -> str:
    about = run.get("about")
    members = about.get("members") if isinstance(about, dict) else None
    if isinstance(members, list) and members:
        named = [_weights(one) for one in members if isinstance(one, dict)]
        return f"mean of {len(members)} networks: {', '.join(named)}"
    return _weights(run)


def _weights(said: Mapping[str, Any]) -> str:
    """Return the file name, for the folders above it may name a person, and what tells it from others of that name."""
    weights = said.get("weights")
    if isinstance(weights, dict) and {"path", "sha256"} <= weights.keys():
        name = PurePath(str(weights["path"])).name
        return f"{shown_id(name)} (sha256 {shown_id(str(weights['sha256'])[:_DIGITS])})"
    folder = said.get("folder")
    return shown_id(PurePath(folder).name) if isinstance(folder, str) else "not recorded"


def _reason(row: CaseRow) -> str:
    name, reason = name_of(row), _without_folders(row.reason, row.image)
    return reason if name in reason else f"{shown_id(name)}: {reason}"


def _without_folders(reason: str, image: str) -> str:
    """Return the reason with the photograph's name for its path: folders, too, are named after people."""
    end = reason.find(f"/{image}")
    if not image or end < 0:
        return reason
    # the path may be relative and hold spaces, so that nothing says where it begins
    opening = next((words for words in _OPENINGS if words in reason[:end]), "")
    return opening + reason[end + 1 :]


def _row(row: CaseRow, folder: Path, columns: Iterable[str]) -> str:
    numbers = [f"{row.scores[name]:.2f}" if name in row.scores else "" for name in columns]
    share = row.scores.get("lesion_fraction")
    numbers.append("" if share is None else percent(share) if row.scores.get("pred_px") else "none found")
    links = ", ".join(f'<a href="{href}">{word}</a>' for word, href in links_of(row, folder))
    cells = "".join(f"<td>{words}</td>" for words in numbers)
    return f"<tr><td class=name>{escape(shown_id(name_of(row)))}</td>{cells}<td>{links}</td></tr>"
