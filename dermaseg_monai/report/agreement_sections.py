"""The tables of an agreement study that its page shows as they are, each below a heading."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

import pandas as pd

from dermaseg_monai.report.agreement_parts import html_table
from dermaseg_monai.report.html import html_list, html_paragraph
from dermaseg_monai.report.study_tables import StudyTables

_OF_EACH: Final = 5
_APART: Final = ("path", "definition")
"""Columns that are no part of what is shown: where files lie, and what stands below the table once."""
_URGENT: Final = ("no overlap", "empty", "full", "copied", "low agreement", "tiny", "fragments", "holes", "border")


@dataclass(frozen=True)
class TableSection:
    """A table of the folder that is shown as it is: its file without `.csv`, heading, what it says, rows, columns.

    A folded one, for statisticians, is opened by a click.
    """

    name: str
    heading: str
    about: str
    most: int = 40
    columns: tuple[str, ...] = ()
    folded: bool = False


TABLES: Final = (
    TableSection("reliability", "Beyond chance", "Kappa and alpha on a band around the lesion, because the skin around "
        "it inflates them; intraclass correlation of sizes.", folded=True),
    TableSection("mixed_model", "What explains the disagreement", "A mixed-effects model of all pairs: shares of the "
        "variance, and the effect of each factor with the others held.", 80, folded=True),
    TableSection("copies", "Copied masks", "Masks that are equal pixel for pixel.", 20,
        ("kind", "case_id", "annotator", "created_at", "area_px", "volume_mm3", "equals")),
    TableSection("errors", "Errors of outlines", "Boundary placement, missing regions, inclusions and inconsistent "
        "scope (Khan and Khan, 2026, section 4.1), the gravest first of each.", 30,
        ("case_id", "annotator", "type", "finding", "measure", "unit", "explanation")),
    TableSection("comparison", "Ways to a consensus", "How far the ways to make one mask of several agree."),
    TableSection("ceiling", "The model beside people", "Per image: mean Dice between people and between model and "
        "people.", 20, ("case_id", "readers", "prediction", "human_dice", "model_dice", "least_reader_dice")),
    TableSection("coverage", "Coverage", "Which images still lack a second reader.", 20),
    TableSection("queue", "To be adjudicated", "The first in the queue for a senior reader.", 20),
    TableSection("flags", "Flags", "What somebody should look at, the most urgent first.", 40),
)  # fmt: skip
"""Sections after the ones with charts; a further table of the folder needs one entry here."""


def table_sections(study: StudyTables) -> Iterator[str]:
    """Yield the HTML of every section of `TABLES` whose table is there."""
    for section in TABLES:
        table = study.tables.get(section.name)
        if table is None:
            continue
        words, rows = _CHOSEN.get(section.name, _all)(table)
        words = study.ceiling if section.name == "ceiling" else words
        wanted = [name for name in section.columns if name in rows] or [name for name in rows if name not in _APART]
        about = "".join(html_paragraph(line) for line in (section.about, words) if line)
        shown = html_table(rows.filter(items=wanted), most=section.most) if len(rows) else ""
        shown += _definitions(rows)
        file = f"<p class=faint>{escape(section.name)}.csv</p>"
        heading = f"<h2>{escape(section.heading)}</h2>"
        if section.folded:
            yield f"<details><summary>{heading}</summary>{about}{shown}{file}</details>"
        else:
            yield f"{heading}{about}{shown}{file}"


def _definitions(rows: pd.DataFrame) -> str:
    """Return what the names of a table mean, each once."""
    if "definition" not in rows:
        return ""
    known = rows.dropna(subset=["name", "definition"])
    lines = [f"{name}: {what}" for name, what in zip(known["name"], known["definition"], strict=True)]
    return html_list(list(dict.fromkeys(lines))) if lines else ""


def _all(table: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    return "", table


def _flags(table: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Return the number of each flag, and the most urgent first."""
    rank = {name: at for at, name in enumerate(_URGENT)}
    order = table.assign(rank=[rank.get(str(name), len(rank)) for name in table["flag"]])
    counts = ", ".join(f"{name} {count:,}" for name, count in table["flag"].value_counts().items())
    return counts, order.sort_values(["rank", "detail", "case_id"], kind="stable").drop(columns="rank")


def _reliability(table: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Return what is of all readers together: that of each two is a matrix of numbers in the file."""
    together = pd.DataFrame(table[[" – " not in str(who) for who in table["who"]]])
    left = len(table) - len(together)
    return f"Each two annotators: {left} more rows of the table." if left else "", together


def _model(table: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Return the cautions in words, and the rows without them and without what only a statistician asks for."""
    cautions = [str(what) for what in table.query("name == 'caution'")["what"]]
    words = f"Caution: {'; '.join(cautions)}." if cautions else ""
    return words, table.query("name not in ['caution', 'fit']")


def _errors(table: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Return the number of each finding, and the first of each."""
    counts = table.groupby(["type", "finding"], sort=False).size()
    words = ", ".join(f"{kind}: {finding} {count:,}" for (kind, finding), count in counts.items())  # type: ignore[misc]
    return words, table.groupby(["type", "finding"], sort=False).head(_OF_EACH)


def _coverage(table: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Return how many images lack a reader, and these alone."""
    lacking = table.query("lacks > 0")
    return f"{len(lacking):,} of {len(table):,} images lack a reader.", lacking


_CHOSEN: Final[Mapping[str, Callable[[pd.DataFrame], tuple[str, pd.DataFrame]]]] = {
    "reliability": _reliability,
    "mixed_model": _model,
    "errors": _errors,
    "flags": _flags,
    "coverage": _coverage,
}
