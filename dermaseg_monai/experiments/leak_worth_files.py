"""The folder of a priced leak: figures as JSON and Markdown, a plot, and a page."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from dermaseg_monai.experiments.leak_worth import LeakWorth, Side, WorthRow
from dermaseg_monai.files import write_json, write_text
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.least_groups import LEAST_GROUPS, narrow_words
from dermaseg_monai.metrics.table import Table
from dermaseg_monai.report.intervals import IntervalRow, save_intervals
from dermaseg_monai.report.leak_worth_page import write_leak_worth_page
from dermaseg_monai.report.palette import NOTICE

METHOD: Final = (
    (
        "A case of the first split counts as trained on where it shares a lesion, a patient, a file or a group with "
        "the training part, directly or through other cases. Nearly the same pictures of different lesions are not "
        "looked for."
    ),
    (
        "Lesions that were photographed twice are not like the others, and two trainings differ in more than the leak. "
        "So the last row compares images that both networks scored and neither trained on, each with itself: first "
        "network minus second, and this where the first was taught another photograph of the lesion, minus where it "
        "was not."
    ),
    (
        "Intervals of 95 % are of 2000 bootstrap draws of whole lesions and patients, the same draws for both sides of "
        "a difference; an image that both sides scored is one image of it. Groups are lesions and patients, of a "
        f"difference those of the side with fewer; below {LEAST_GROUPS} an interval is too narrow for a verdict. "
        "Intervals do not hold what another seed of the training would give."
    ),
)
_TITLES: Final = {
    "dice": "Dice",
    "jaccard": "Jaccard",
    "threshold_jaccard": "threshold Jaccard",
    "surface_dice": "surface Dice",
}


def write_leak_worth(folder: Path, found: LeakWorth, leaky: Side, clean: Side, about: Sequence[str]) -> list[Path]:
    """Write leak_worth.json, leak_worth.md, differences.png and index.html; return their paths.

    Raises:
        DataError: a file cannot be written.
    """
    title = "What the leak is worth"
    lead = [*_sentences(found, leaky), *about]
    tables = {"Means": means_table(found), "Differences": differences_table(found)}
    files = [folder / name for name in ("index.html", "differences.png", "leak_worth.md", "leak_worth.json")]
    write_json(files[3], {"schema": 1, "about": list(about), **asdict(found)})
    parts = [f"# {title}", *lead, *(f"## {name}\n\n{table.markdown()}" for name, table in tables.items())]
    write_text(files[2], "\n\n".join([*parts, "## How it was made", *METHOD, NOTICE]) + "\n")
    panels = {_TITLES[name]: [_interval(row, name) for row in found.differences] for name in found.measures}
    note = f"first - second: {leaky.name} - {clean.name}; mean and 95 % interval over lesions and patients"
    save_intervals(files[1], panels, title=title, note=note, zero=True)
    write_leak_worth_page(files[0], title=title, lead=lead, tables=tables, picture=files[1], method=METHOD)
    return files


def means_table(found: LeakWorth) -> Table:
    """Return one row per group of images, with the mean of every measure."""
    return _table(found, found.means, form=".3f")


def differences_table(found: LeakWorth) -> Table:
    """Return one row per difference of means."""
    return _table(found, found.differences, form="+.3f")


def _sentences(found: LeakWorth, leaky: Side) -> list[str]:
    counted = (
        f"{len(leaky.seen)} of {len(leaky.scores)} scored images show a lesion or a patient that was trained on too."
    )
    if found.worth is None:
        return [counted, "What that is worth cannot be told: too few images were scored by both networks."]
    value = bracketed(*found.worth.values["dice"], "+.3f")
    return [
        counted,
        f"That is worth {value} Dice in the images concerned: {_verdict(found.worth)}.",
    ]


def _verdict(worth: WorthRow) -> str:
    if worth.n_groups < LEAST_GROUPS:
        return f"too few lesions to say ({worth.n_groups} on one side; it takes {LEAST_GROUPS})"
    return "told apart from nothing" if _clear(worth, "dice") else "not told apart from nothing"


def _clear(row: WorthRow, measure: str) -> bool:
    _, low, high = row.values[measure]
    return row.n_groups >= LEAST_GROUPS and not low <= 0 <= high


def _table(found: LeakWorth, rows: Sequence[WorthRow], *, form: str) -> Table:
    cells = [
        (
            row.name,
            f"{row.n:,}",
            f"{row.n_groups:,}",
            *(bracketed(*row.values[name], form) for name in found.measures),
        )
        for row in rows
    ]
    notes = narrow_words(min((row.n_groups for row in rows), default=LEAST_GROUPS))
    return Table(("", "images", "groups", *(_TITLES[name] for name in found.measures)), cells, notes)


def _interval(row: WorthRow, measure: str) -> IntervalRow:
    mean, low, high = row.values[measure]
    return IntervalRow(row.name, mean, low, high, strong=_clear(row, measure))
