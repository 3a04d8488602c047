"""What `dermaseg data describe` found as one HTML page: figures with their methods, extremes as pictures, distances."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from dermaseg_monai.files import write_text
from dermaseg_monai.manifest.description import FEATURES, Comparison, Described, Distance, Row
from dermaseg_monai.report.description_feature import feature_section, is_known
from dermaseg_monai.report.description_strip import EXTREMES, strip
from dermaseg_monai.report.histograms import GROUP_COLOURS
from dermaseg_monai.report.html import html_page
from dermaseg_monai.report.page import shown_id

_NOVELTIES: Final = 30
_MOST_GROUPS: Final = 4
_STYLE: Final = """
.feature{border-top:1px solid #ccc;padding:10px 0;display:grid;gap:6px 20px}
.feature{grid-template-columns:minmax(0,440px) minmax(0,1fr)}
.feature h3{grid-column:1/-1;margin:0;font-size:1rem}.feature p{margin:.2em 0;font-size:.9rem}
.strip{display:flex;flex-wrap:wrap;gap:6px;margin:2px 0 8px}.strip figure{margin:0;width:112px;font-size:.75rem}
.strip figcaption{overflow-wrap:anywhere;line-height:1.2}
.key{display:inline-block;width:1.4em;height:.8em;margin-right:.4em}
.chance{color:#5a5a5a}.warn{border-left:4px solid #d55e00;padding:2px 12px;margin:1em 0}
td.wide{overflow-wrap:anywhere;max-width:34ch}
@media(max-width:700px){.feature{grid-template-columns:minmax(0,1fr)}}
"""

CAUTIONS: Final = (
    (
        "Every estimate below is made by a rule stated beside it, not by people. Read a value of one image as a hint, "
        "and that of hundreds as a tendency."
    ),
    (
        "Skin tone is a colour on a photograph. Light, exposure, white balance and the camera move it by ten degrees "
        "and more, so its bands are no ethnicity and no Fitzpatrick type; use them to see for which pictures a model "
        "was not tested (robustness), never as proof of demographic fairness."
    ),
    (
        "Fine structure (hair, rulers, bubbles) depends on resolution: smaller pictures are drawn larger for the "
        "measurement, and what their camera or their resizing lost is not found."
    ),
)

_HOW: Final = (
    "The distance is Wasserstein-1 for numbers (in their unit) and total variation for categories (the share of images "
    "that would have to change). <b>By chance</b> is what 95 % of 200 random divisions into groups of these sizes "
    "stay below, with lesions and patients kept together: one feature in twenty exceeds it without meaning. "
    "<b>Size</b> says whether it matters: for numbers the distance in standard deviations, for categories the distance "
    "itself; between large groups small differences are real and harmless. Below each table stands what a model "
    "trained on the one will meet in the other and hardly knows: categories with less than 1 % (and five times rarer), "
    "and values beyond the first and last percentile that hold at least 5 %."
)


def write_description_page(path: str | Path, described: Sequence[Described], comparisons: Sequence[Comparison]) -> None:
    """Write the page of the first data set, with the others beside it; it needs no other file.

    Args:
        path: of the HTML file.
        described: the data set, then those it is compared with.
        comparisons: splits, sources and data sets.

    Raises:
        DataError: the file cannot be written.
    """
    first = described[0]
    body = [
        _sentence(described),
        *(f"<p class=warn>{escape(words)}</p>" for words in CAUTIONS),
        *_scope(first),
        *_comparisons(comparisons, {one.name: one for one in described}, first),
        "<h2>Features</h2>",
        _key(described),
        *_features(described),
        *_failures(described),
    ]
    write_text(path, html_page(f"What {_quoted(first.name)} looks like", body, style=_STYLE))


def _quoted(name: str) -> str:
    """A set may be called `test`, `images` or `the lesion`."""
    return f"“{shown_id(name)}”"


def _sentence(described: Sequence[Described]) -> str:
    items: list[str] = []
    for one in described:
        states = Counter(row.status for row in one.rows)
        words = ", ".join(f"{count:,} {name}" for name, count in states.items())
        tone = Counter(row.tone_reason for row in one.rows if row.tone_reason)
        without = f"; no skin tone: {', '.join(f'{n:,} {why}' for why, n in tone.items())}" if tone else ""
        items.append(
            f"<li><b>{escape(shown_id(one.name))}</b>: {len(one.rows):,} images ({escape(words)}{escape(without)}), "
            f"manifest digest {one.manifest.digest[:12]}</li>"
        )
    grid = "Measured on a grid whose short side has 256 px; sizes and areas are those of the original pixels."
    return f"<ul>{''.join(items)}</ul><p>{grid}</p>"


def _scope(described: Described) -> list[str]:
    scope = described.manifest.scope
    if scope is None:
        return []
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in scope.lines)
    return ["<h2>What the masks mean</h2>", f"<dl>{rows}</dl>"]


def _comparisons(comparisons: Sequence[Comparison], sets: dict[str, Described], first: Described) -> Iterable[str]:
    if comparisons:
        yield f"<h2>What differs</h2><p>{_HOW}</p>"
    for one in comparisons:
        yield f"<h3>{escape(_quoted(one.b))} beside {escape(_quoted(one.a))} ({escape(one.kind)})</h3>"
        yield f"<p>{one.counts[1]:,} images beside {one.counts[0]:,}.</p>"
        if one.distances or not one.of_one_group:
            yield _distances([distance for distance in one.distances if distance.beyond_chance])
        alike = [distance.feature.title for distance in one.distances if not distance.beyond_chance]
        if alike:
            yield f"<p class=faint>No further apart than by chance: {escape(', '.join(alike))}.</p>"
        if one.not_compared:
            yield f"<p class=faint>Not compared, fewer than 20 known: {escape(', '.join(one.not_compared))}.</p>"
        if one.of_one_group:
            found = f"Not compared, all images are of one lesion or patient: {', '.join(one.of_one_group)}."
            yield f"<p class=faint>{escape(found)}</p>"
        yield f"<h4>In {escape(_quoted(one.b))} but hardly in {escape(_quoted(one.a))}</h4>"
        yield _novelties(one, sets.get(one.b, first))


def _distances(distances: Sequence[Distance]) -> str:
    if not distances:
        return "<p>Nothing differs beyond chance.</p>"
    rows = "".join(
        f"<tr><td>{escape(one.feature.title)}</td><td class=number>{one.value:.3g} {escape(_unit(one))}</td>"
        f"<td class='number chance'>{one.chance:.3g}</td><td class=number>{one.size:.2f}</td></tr>"
        for one in distances
    )
    head = "<tr><th>feature</th><th class=number>distance</th><th class=number>by chance</th>"
    head += "<th class=number>size</th></tr>"
    return f"<div class=scroll><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"


def _unit(one: Distance) -> str:
    return "of the images" if one.feature.kind == "category" else one.feature.unit


def _novelties(comparison: Comparison, holder: Described) -> str:
    if not comparison.novelties:
        return "<p>Nothing that 5 % of the images or a category of their own would show.</p>"
    rows = {row.case_id: row for row in holder.rows}
    parts: list[str] = []
    for one in comparison.novelties[:_NOVELTIES]:
        shares = (
            f"{_percent(one.share_b)} ({one.count_b:,} images) there, {_percent(one.share_a)} ({one.count_a:,}) here"
        )
        words = f"<b>{escape(one.feature.title)}: {escape(shown_id(one.what))}</b> – {shares}"
        parts.append(f"<p>{words}</p>{strip(holder, [rows[name] for name in one.examples[:EXTREMES]], one.feature)}")
    left = len(comparison.novelties) - _NOVELTIES
    return "".join(parts) + (f"<p class=faint>and {left} more in summary.json.</p>" if left > 0 else "")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _key(described: Sequence[Described]) -> str:
    return (
        "<p>"
        + " &nbsp; ".join(
            f"<span class=key style='background:{GROUP_COLOURS[at]}'></span>{escape(name)}"
            for at, name in enumerate(_groups(described))
        )
        + "</p>"
    )


def _groups(described: Sequence[Described]) -> dict[str, list[Row]]:
    """The data sets where there are several, else the splits of the one."""
    if len(described) > 1:
        return {shown_id(one.name): list(one.rows) for one in described[:_MOST_GROUPS]}
    splits: dict[str, list[Row]] = {}
    for row in described[0].rows:
        splits.setdefault(row.split, []).append(row)
    return splits


def _features(described: Sequence[Described]) -> Iterable[str]:
    groups = _groups(described)
    heading = ""
    unknown = [feature for feature in FEATURES if not is_known(feature, groups)]
    for feature in FEATURES:
        if feature in unknown:
            continue
        if feature.group != heading:
            heading = feature.group
            yield f"<h2>{escape(heading)}</h2>"
        yield feature_section(feature, groups, described[0])
    if unknown:
        yield f"<p class=faint>Nothing is known of: {escape(', '.join(feature.title for feature in unknown))}.</p>"


def _failures(described: Sequence[Described]) -> list[str]:
    lost = [(one.name, row) for one in described for row in one.rows if row.status in ("failed", "volume")]
    if not lost:
        return []
    rows = "".join(
        f"<tr><td>{escape(shown_id(name))}</td><td>{escape(shown_id(row.case_id))}</td>"
        f"<td class=wide>{escape(row.reason)}</td></tr>"
        for name, row in lost[:200]
    )
    return [f"<h2>Not measured ({len(lost):,})</h2><div class=scroll><table><tbody>{rows}</tbody></table></div>"]
