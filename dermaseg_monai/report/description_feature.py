"""One feature of a described data set on its page: distribution, figures, extremes."""

from collections import Counter
from html import escape
from typing import Final

import numpy as np

from dermaseg_monai.manifest.description import Described, Feature, Row
from dermaseg_monai.report.description_strip import EXTREMES, strip
from dermaseg_monai.report.histograms import draw_bars, draw_histogram, html_svg
from dermaseg_monai.report.html import html_paragraph

_WITH_EXTREMES: Final = frozenset({"Lesion", "Contrast and colour", "Skin tone", "Artefacts, estimated", "Picture"})
_NO_EXTREMES: Final = frozenset({"height", "width", "aspect", "lesion_x", "lesion_y", "lesion_b", "lesion_a"})
_ORDERS: Final = {
    "tone_band": ("very light", "light", "intermediate", "tan", "brown", "dark"),
    "fitzpatrick_like": ("I", "II", "III", "IV", "V", "VI"),
    "monk_like": tuple(map(str, range(1, 11))),
}


def is_known(feature: Feature, groups: dict[str, list[Row]]) -> bool:
    """Say whether any case has a value of the feature."""
    return any(row.values[feature.name] is not None for rows in groups.values() for row in rows)


def feature_section(feature: Feature, groups: dict[str, list[Row]], first: Described) -> str:
    """Return one feature: its distribution in every group, its figures, and the cases at both ends of `first`."""
    unit = f" ({feature.unit})" if feature.unit else ""
    title = f"<h3>{escape(feature.title + unit)}</h3>"
    known = {name: [row for row in rows if row.values[feature.name] is not None] for name, rows in groups.items()}
    about = f"{html_paragraph(feature.about)}{_table(feature, known, groups)}"
    drawn = _drawing(feature, known)
    picture = (
        html_svg(drawn, escape(f"Distribution of {feature.title}")) if drawn else "<p class=faint>Nothing known.</p>"
    )
    return f"<div class=feature>{title}<div>{picture}</div><div>{about}{_extremes(feature, first)}</div></div>"


def _drawing(feature: Feature, known: dict[str, list[Row]]) -> bytes | None:
    if feature.kind == "number":
        values = {name: np.array([row.values[feature.name] for row in rows], float) for name, rows in known.items()}
        return draw_histogram(values, feature.unit)
    counts = {name: Counter(str(row.values[feature.name]) for row in rows) for name, rows in known.items()}
    return draw_bars(counts, _ORDERS.get(feature.name))


def _table(feature: Feature, known: dict[str, list[Row]], groups: dict[str, list[Row]]) -> str:
    head = "<tr><th></th><th class=number>known</th>"
    head += "<th class=number>5 %</th><th class=number>median</th><th class=number>95 %</th>" * (
        feature.kind == "number"
    )
    rows: list[str] = []
    for name, held in known.items():
        cells = f"<td>{escape(name)}</td><td class=number>{len(held):,} of {len(groups[name]):,}</td>"
        if feature.kind == "number":
            values = np.array([row.values[feature.name] for row in held], float)
            found = np.quantile(values, [0.05, 0.5, 0.95]) if len(values) else [np.nan] * 3
            cells += "".join(f"<td class=number>{'–' if np.isnan(value) else f'{value:.3g}'}</td>" for value in found)
        rows.append(f"<tr>{cells}</tr>")
    return f"<div class=scroll><table><thead>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _extremes(feature: Feature, first: Described) -> str:
    if feature.kind != "number" or feature.group not in _WITH_EXTREMES or feature.name in _NO_EXTREMES:
        return ""
    known = [(float(value), row) for row in first.rows if (value := row.values[feature.name]) is not None]
    ordered = sorted(
        (item for item in known if isinstance(item[0], float)), key=lambda item: (item[0], item[1].case_id)
    )
    if len(ordered) < 2 * EXTREMES or ordered[0][0] == ordered[-1][0]:
        return ""
    low = [row for _, row in ordered[:EXTREMES]]
    high = [row for _, row in ordered[: -EXTREMES - 1 : -1]]
    strips = {"highest": strip(first, high, feature), "lowest": strip(first, low, feature)}
    return "".join(f"<p class=faint>{name}</p>{strip}" for name, strip in strips.items())
