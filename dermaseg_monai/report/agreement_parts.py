"""Parts of the page of an agreement study: tables with figures, strips of intervals, the matrix of annotators."""

from collections import Counter
from collections.abc import Callable
from html import escape
from math import isnan
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib import colormaps

from dermaseg_monai.report.page import shown_id

MOST_ANNOTATORS: Final = 20

_LONGEST: Final = 240
_LONG: Final = 45
"""Letters; a column with longer texts is a wide one."""
_LEAST_P: Final = 0.001
_STRIP_PX: Final = 150
_LOW: Final = 0.4
"""Below this mean Dice every cell of the matrix has the same colour."""
_DARK: Final = 0.55


def html_table(
    table: pd.DataFrame, *, most: int, last: tuple[str, Callable[[dict[Any, Any]], str]] | None = None
) -> str:
    """Return the first `most` rows with escaped cells and numbers to the right.

    Args:
        table: what is shown.
        most: rows; it is said how many follow.
        last: heading of a further column, and what makes its cell, in HTML, of a row.
    """
    shown = table.dropna(axis="columns", how="all") if len(table) else table
    kinds = [_kind(column) for _, column in shown.items()]
    head = "".join(
        f"<th class={kind}>{escape(str(name).replace('_', ' '))}</th>"
        for kind, name in zip(kinds, shown.columns, strict=True)
    )
    head += "" if last is None else f"<th>{escape(last[0])}</th>"
    rows: list[str] = []
    for row in shown.head(most).to_dict("records"):
        cells = "".join(
            f"<td class={kind}>{escape(_cell(value, str(name), kind))}</td>"
            for kind, (name, value) in zip(kinds, row.items(), strict=True)
        )
        rows.append(f"<tr>{cells}{'' if last is None else f'<td>{last[1](row)}</td>'}</tr>")
    drawn = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    more = "" if len(table) <= most else f"<p class=faint>{len(table) - most:,} more rows are in the table.</p>"
    return f"<div class=scroll>{drawn}</div>{more}"


def factor_table(table: pd.DataFrame, factor: str) -> str:
    """Return a table of `by_factor` with its Dice drawn on a scale from 0 to 1."""
    columns = [factor, "pairs", "images", "dice", "dice_median", "jaccard", "threshold_jaccard", "flagged"]
    strips = iter(table.to_dict("records"))
    shown = table.filter(items=columns).rename(columns={"dice_median": "median Dice"})
    return html_table(shown, most=30, last=("Dice, from 0 to 1", lambda _row: _strip(next(strips))))


def matrix(pairs: pd.DataFrame) -> str:
    """Return the mean Dice of every two annotators with the number of pairs, in colours; the diagonal is intra."""
    counts = Counter(map(str, [*pairs["annotator_a"], *pairs["annotator_b"]]))
    names = sorted(name for name, _ in counts.most_common(MOST_ANNOTATORS))
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for (one, other), rows in pairs.groupby(["annotator_a", "annotator_b"]):  # type: ignore[misc]
        found[str(one), str(other)] = found[str(other), str(one)] = (float(np.mean(rows["dice"])), len(rows))
    head = "".join(f"<th>{escape(shown_id(name, 24))}</th>" for name in names)
    body = "".join(
        f"<tr><th>{escape(shown_id(name, 24))}</th>{''.join(_heat(found.get((name, other))) for other in names)}</tr>"
        for name in names
    )
    left = len(counts) - len(names)
    note = f" {left} annotators with fewer pairs are in annotators.csv." if left > 0 else ""
    about = (
        "<p class=faint>Mean Dice, below it the number of pairs; the diagonal is one person who drew twice. "
        f"Darker is closer; an empty cell is a pair that never met.{note}</p>"
    )
    table = f"<table class=heat><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class=scroll>{table}</div>{about}"


def _heat(cell: tuple[float, int] | None) -> str:
    if cell is None:
        return "<td class=none></td>"
    mean, n = cell
    shade = min(1.0, max(0.0, (mean - _LOW) / (1 - _LOW)))
    red, green, blue = (round(255 * part) for part in colormaps["Blues"](0.08 + 0.8 * shade)[:3])
    ink = "#fff" if shade > _DARK else "#222"
    return f'<td style="background:rgb({red},{green},{blue});color:{ink}"><b>{mean:.2f}</b><span>{n:,}</span></td>'


def _strip(row: dict[Any, Any]) -> str:
    x = _STRIP_PX * float(row["dice"])
    line = ""
    if not pd.isna(row["dice_low"]):
        low, high = (_STRIP_PX * float(row[name]) for name in ("dice_low", "dice_high"))
        line = f'<line x1="{low:.1f}" x2="{high:.1f}" y1="8" y2="8" stroke="#0072b2" stroke-width="3"/>'
    axis = f'<line x1="0" x2="{_STRIP_PX}" y1="8" y2="8" stroke="#ddd"/>'
    ticks = "".join(
        f'<line x1="{_STRIP_PX * at / 4}" x2="{_STRIP_PX * at / 4}" y1="5" y2="11" stroke="#ccc"/>' for at in range(5)
    )
    dot = f'<circle cx="{x:.1f}" cy="8" r="4" fill="#0072b2"/>'
    size = f'width="{_STRIP_PX + 10}" height="16" viewBox="-5 0 {_STRIP_PX + 10} 16"'
    return f'<svg role="img" aria-label="Dice {float(row["dice"]):.3f}" {size}>{axis}{ticks}{line}{dot}</svg>'


def _kind(column: pd.Series) -> str:
    """Return `count` of a column of whole numbers beyond 1, `number` of others, `long` of sentences, `words`."""
    known = column.dropna()
    if pd.api.types.is_bool_dtype(known):
        return "words"
    if pd.api.types.is_numeric_dtype(known):
        values = known.to_numpy(dtype=float)
        whole = pd.api.types.is_integer_dtype(known) or (np.equal(values, np.round(values)).all() and values.max() > 1)
        return "count" if whole else "number"
    return "long" if max(map(len, map(str, known)), default=0) > _LONG else "words"


def _cell(value: object, name: str, kind: str) -> str:
    if value is None or (isinstance(value, float) and isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if name == "p" and value < _LEAST_P:
            return f"< {_LEAST_P:g}"
        return f"{value:,.0f}" if kind == "count" else f"{value:,.3f}"
    return shown_id(str(value), _LONGEST)
