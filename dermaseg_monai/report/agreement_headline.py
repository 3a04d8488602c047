"""What an agreement study found, in plain sentences below its four figures."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from dermaseg_monai.report.drifting import moved_readers
from dermaseg_monai.report.html import html_paragraph
from dermaseg_monai.report.page import shown_id
from dermaseg_monai.report.study_tables import StudyTables

STYLE: Final = """
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:1em 0}
.facts div{border-left:4px solid #0072b2;padding:2px 12px}.facts b{display:block;font-size:1.5rem;line-height:1.25}
.facts span{color:#5a5a5a;font-size:.9rem}
"""

_USUAL: Final = (0.75, 0.85)
"""Mean Dice between annotators that Khan and Khan (2026) call usual."""
_MOST: Final = 0.6
"""From this share on it is most pairs, not one in so many."""
_NAMED: Final = 6


def headline_html(study: StudyTables) -> str:
    """Return the figures of the study and what they mean, a sentence each."""
    whose, found = study.headline
    dice, flagged = found["scores"]["dice"], found["scores"]["flagged"]
    bounds = "" if dice["low"] is None or dice["high"] is None else f" [{dice['low']:.3f}, {dice['high']:.3f}]"
    facts = (
        (f"{dice['mean']:.3f}", f"mean pairwise Dice{bounds}"),
        (f"{dice['median']:.3f}", "median Dice of a pair"),
        (f"{flagged['mean']:.1%}", f"of the pairs are flagged (Dice below {found['below_dice']:g})"),
        (f"{found['n_pairs']:,}", f"pairs of {whose} on {found['n_images']:,} images"),
    )
    cells = "".join(f"<div><b>{escape(value)}</b><span>{escape(words)}</span></div>" for value, words in facts)
    said = [*_agreement(dice["mean"], flagged["mean"]), *_habits(study), *_copies(study), *_change(study)]
    return f"<div class=facts>{cells}</div>" + "".join(map(html_paragraph, said))


def _agreement(mean: float, flagged: float) -> Iterator[str]:
    low, high = _USUAL
    place = "below" if mean < low else "above" if mean > high else "within"
    often = f"About one pair in {round(1 / flagged)}" if 0 < flagged < _MOST else "Most pairs" if flagged else "No pair"
    verb = "differ" if flagged >= _MOST else "differs"
    yield (
        f"Two outlines of one lesion share {100 * mean:.0f} % of their mean area (Dice {mean:.2f}; 1 is the same "
        f"outline, 0 no common pixel). That is {place} the {low:g} to {high:g} that Khan and Khan (2026) call usual "
        "between annotators."
    )
    yield f"{often} {verb} so much that a senior reader should decide."


def _habits(study: StudyTables) -> Iterator[str]:
    """Say who draws tight or loose, in the order of how far."""
    bias = study.tables.get("bias")
    if bias is None:
        return
    strong = bias[bias["verdict"].isin(["tight", "loose"])]
    if strong.empty:
        yield "Nobody is shown to draw tighter or looser than the others."
        return
    columns = (strong[name] for name in ("offset_percent", "annotator", "verdict"))
    rows = sorted(zip(*columns, strict=True), key=lambda row: (-abs(row[0]), str(row[1])))
    each = [
        f"“{shown_id(str(name), 40)}” {'tighter' if verdict == 'tight' else 'looser'} "
        f"(by {abs(offset):.1f} % of the lesion's diameter)"
        for offset, name, verdict in rows
    ]
    mirrored = "images_of_three" in bias and not bool((bias["images_of_three"] > 0).any())
    right = " Between two readers nobody knows who is right." if mirrored else ""
    yield f"Against the consensus of the others these draw: {_listed(each)}.{right}"


def _copies(study: StudyTables) -> Iterator[str]:
    """Say whose outlines are partly another's: that is no agreement of two people."""
    bias = study.tables.get("bias")
    if bias is None or "copied" not in bias:
        return
    rows = sorted(zip(bias["copied"], bias["annotator"], strict=True), key=lambda row: (-row[0], str(row[1])))
    each = [f"“{shown_id(str(name), 40)}” ({share:.0%} of theirs)" for share, name in rows if share > 0]
    if each:
        yield f"Outlines that are another's pixel for pixel: {_listed(each)}. Ask how they came about."


def _change(study: StudyTables) -> Iterator[str]:
    drift = study.tables.get("drift")
    if drift is None:
        return
    moved = [f"“{shown_id(name, 40)}”" for name in moved_readers(drift)]
    yield (
        f"The hand of {_listed(moved)} seems to have moved over time."
        if moved
        else "Nobody's hand seems to have moved."
    )


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more
