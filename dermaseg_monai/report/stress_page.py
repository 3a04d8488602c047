"""The result of a stress test as one HTML page: ranking, curves, figures, worst cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from dermaseg_monai.assurance import Curve, Estimate, StressSummary, Worst
from dermaseg_monai.files import write_text
from dermaseg_monai.metrics.least_groups import LEAST_GROUPS, narrow_words
from dermaseg_monai.report.html import html_list, html_page, html_paragraph, html_picture
from dermaseg_monai.report.page import Sheet, shown_id
from dermaseg_monai.report.stress_curves import LINES, strength, title_of

_STYLE: Final = """
h3{font-size:1rem;margin:1.4em 0 .3em}
figure{margin:.6em 0 1em}figcaption{color:#5a5a5a;font-size:.9rem;overflow-wrap:anywhere}figure img{min-width:760px}
th,td{padding:3px 10px;text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left;padding-left:0}
td.bar{min-width:120px;text-align:left}td.bar span{display:inline-block;height:.8em;background:#d55e00}
"""
_CAVEATS: Final = (
    "The artefacts are drawn by a program: they are not photographs of real hair, gel or another camera.",
    "They show what a network depends on. One that stands them may still fail on the real thing.",
    "The strengths of two stressors are not on one scale. The ranking compares the ranges that were tested.",
    "For rotation and scale the reference moves with the picture, and what comes into view at the border is mirrored.",
    "A lesion near the border then has copies, in the picture and in the reference, that no real photograph shows.",
    "The artefact of a case is the same at every strength of a stressor, but it is one draw, not the worst there is.",
)


@dataclass(frozen=True)
class StressPicture:
    """A worst case and its panel."""

    worst: Worst
    panel: Sheet


def write_stress_page(
    path: Path,
    summary: StressSummary,
    *,
    facts: Mapping[str, str],
    curves: Sheet,
    pictures: Sequence[StressPicture],
) -> None:
    """Write the page; it needs no other file.

    Args:
        path: of the HTML file.
        summary: the figures.
        facts: what was tested and how, name to text.
        curves: the picture of all curves.
        pictures: the worst cases, drawn.

    Raises:
        DataError: the file cannot be written.
    """
    ranking = summary.ranking
    parts = [
        _facts(facts),
        "<h2>What hurts most</h2>",
        _sentence(ranking),
        _ranking(ranking),
        "<h2>Curves</h2>",
        _figure(
            curves, "Means over the same cases, from undisturbed to the strongest level.", "Curves of all stressors"
        ),
        "<h2>How to read this</h2>",
        html_list(_CAVEATS),
        "<h2>Stressor by stressor</h2>",
        *(_section(curve, [one for one in pictures if one.worst.stressor == curve.stressor]) for curve in ranking),
        _failed(summary.failed),
    ]
    write_text(path, html_page("Stress test", filter(None, parts), style=_STYLE))


def _facts(facts: Mapping[str, str]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items()) + "</dl>"


def _sentence(ranking: Sequence[Curve]) -> str:
    first = ranking[0]
    strongest = first.points[-1]
    drop = strongest.drops["dice"]
    text = (
        f"{_words(first)} costs most: at its strongest level ({strength(first.unit, strongest.level)}) Dice falls from "
        f"{first.undisturbed['dice'].mean:.3f} to {strongest.scores['dice'].mean:.3f}, a drop of {drop}."
    )
    if len(ranking) > 2:  # noqa: PLR2004 (one that is named, two that follow)
        text += f" {_words(ranking[1])} and {title_of(ranking[2].stressor)} come next."
    return html_paragraph(text + _not_shown(ranking))


def _not_shown(ranking: Sequence[Curve]) -> str:
    fewest = min(curve.n_groups for curve in ranking)
    if fewest < LEAST_GROUPS:
        return f" Too few lesions to say which losses are more than chance ({fewest}; it takes {LEAST_GROUPS})."
    lost = [title_of(curve.stressor) for curve in ranking if (curve.mean_drops["dice"].low or 0) > 0]
    kept = [title_of(curve.stressor) for curve in ranking if (curve.mean_drops["dice"].low or 0) <= 0]
    return f" No loss on average could be shown for {', '.join(kept)}." if lost and kept else ""


def _ranking(ranking: Sequence[Curve]) -> str:
    largest = max(1e-9, *(curve.mean_drops["dice"].mean for curve in ranking))
    header = (
        "stressor",
        "",
        "Dice drop, all levels",
        "Dice drop, strongest",
        "TJ drop, strongest",
        "missed, strongest",
    )
    rows = []
    for curve in ranking:
        last, mean = curve.points[-1], curve.mean_drops["dice"]
        bar = f"<span style='width:{max(0.0, mean.mean) / largest * 110:.0f}px'></span>"
        cells = (str(mean), str(last.drops["dice"]), str(last.drops["threshold_jaccard"]))
        figures = "".join(f"<td>{escape(cell)}</td>" for cell in (*cells, f"{last.n_missed} of {curve.n}"))
        rows.append(f"<tr><td>{escape(_words(curve))}</td><td class=bar>{bar}</td>{figures}</tr>")
    note = "A drop is undisturbed minus disturbed on the same cases, with its paired interval; TJ: threshold Jaccard."
    words = " ".join([note, *narrow_words(min(curve.n_groups for curve in ranking))])
    return _table(header, rows) + f"<p class=faint>{words}</p>"


def _section(curve: Curve, pictures: Sequence[StressPicture]) -> str:
    header = (curve.unit, *(name for name, _, _ in LINES.values()), "drop in Dice", "drop in TJ", "missed")
    rows = [_row("none", curve.undisturbed, None, curve.n_missed)]
    rows += [_row(f"{point.level:g}", point.scores, point.drops, point.n_missed) for point in curve.points]
    panels = "".join(
        _figure(one.panel, _caption(one.worst), f"{_words(curve)} on case {shown_id(one.worst.case_id)}")
        for one in pictures
    )
    cases = f"{curve.n} cases" if curve.n == curve.n_groups else f"{curve.n} cases in {curve.n_groups} groups"
    about = f"<p>{escape(curve.about)} <span class=faint>({cases})</span></p>"
    return f"<h3>{escape(_words(curve))}</h3>{about}{_table(header, rows)}{panels}"


def _row(level: str, scores: Mapping[str, Estimate], drops: Mapping[str, Estimate] | None, n_missed: int) -> str:
    cells = [level, *(str(scores[name]) for name in LINES)]
    cells += ["", ""] if drops is None else [str(drops["dice"]), str(drops["threshold_jaccard"])]
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in (*cells, str(n_missed))) + "</tr>"


def _table(header: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _figure(picture: Sheet, caption: str, alternative: str) -> str:
    shown = html_picture(picture, alternative)
    return f"<figure><div class=scroll>{shown}</div><figcaption>{escape(caption)}</figcaption></figure>"


def _caption(worst: Worst) -> str:
    return (
        f"{shown_id(worst.case_id)}, level {worst.step}: Dice {worst.dice_before:.3f} undisturbed, "
        f"{worst.dice_after:.3f} disturbed."
    )


def _failed(failed: Mapping[str, str]) -> str:
    if not failed:
        return ""
    lines = html_list(f"{shown_id(name)}: {reason}" for name, reason in failed.items())
    return f"<h2>Cases that took no part ({len(failed)})</h2>{lines}"


def _words(curve: Curve) -> str:
    words = title_of(curve.stressor)
    return words[:1].upper() + words[1:]
