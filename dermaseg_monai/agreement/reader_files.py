"""Who draws how, as files and as a section of the summary: bias.csv, drift.csv, copies.csv and errors.csv."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dermaseg_monai.agreement.annotator_bias import EFFECT_PERCENT, bias_table, scope_errors
from dermaseg_monai.agreement.copies import BY_OTHERS, OF_OTHER_CASES, find_copies
from dermaseg_monai.agreement.drift import FIRST_PERIOD, LIMIT, SMOOTHING, Drift, chart_drift
from dermaseg_monai.agreement.interval import too_narrow
from dermaseg_monai.agreement.measurement import Measured
from dermaseg_monai.agreement.outline_errors import ERROR_TYPES, SCOPE
from dermaseg_monai.agreement.unit import named_in, unit_of_columns
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.spreadsheet import write_table
from dermaseg_monai.metrics.table import Table

_MEASURES: Final = {"offset_percent": "offset, % of diameter,", "dice_consensus": "Dice"}
_ALSO: Final = " Who drifts shifts most; the others, measured against that hand too, may seem to move."


@dataclass(frozen=True)
class ReaderTables:
    """What the outlines say of who drew them.

    Attributes:
        bias: a row per annotator (`bias_table`).
        drift: the charts over time (`chart_drift`).
        copies: a row per copied mask (`COPY_COLUMNS`).
        errors: a row per error (`ERROR_COLUMNS`), by type in the order of `ERROR_TYPES`, the gravest first.
    """

    bias: pd.DataFrame
    drift: Drift
    copies: pd.DataFrame
    errors: pd.DataFrame

    def write(self, folder: str | Path) -> None:
        """Write bias.csv, drift.csv, copies.csv and errors.csv."""
        written = {"bias": self.bias, "drift": self.drift.table, "copies": self.copies, "errors": self.errors}
        for name, table in written.items():
            write_table(Path(folder) / f"{name}.csv", table)

    def sections(self) -> list[str]:
        """Return Markdown: who draws how, and the errors found."""
        if self.bias.empty:
            return []
        people = "## Who draws how (each outline against the consensus of the others)\n\n" + _people(self).markdown()
        errors = _errors(self.errors, list(self.bias["annotator"]), volumes=unit_of_columns(self.bias) == "mm")
        return [people, "## Errors of outlines\n\n" + errors.markdown()]

    def worst(self) -> pd.DataFrame:
        """Return the gravest error of each type and finding."""
        return self.errors.groupby(["type", "finding"], sort=False).head(1).reset_index(drop=True)


def reader_tables(measured: Measured, *, seed: int) -> ReaderTables:
    """Return the tables of who draws how; the groups of the bootstrap are those of the pairs."""
    masks = measured.masks
    groups: Mapping[str, str | None] = {
        str(row["case_id"]): None if pd.isna(row["group"]) else str(row["group"])
        for row in measured.pairs[["case_id", "group"]].to_dict("records")
    }
    bias = bias_table(masks, measured.patterns, groups, seed=seed)
    parts = [part for part in (measured.errors, scope_errors(bias, masks)) if len(part)]
    errors = pd.concat(parts, ignore_index=True) if parts else measured.errors
    rank = errors["type"].map({name: at for at, name in enumerate(ERROR_TYPES)})
    order = errors.assign(rank=rank, grave=-errors["measure"].astype(float).abs())
    errors = order.sort_values(["rank", "grave", "case_id", "annotator"], ignore_index=True)
    return ReaderTables(bias, chart_drift(masks), find_copies(masks), errors.drop(columns=["rank", "grave"]))


def _people(tables: ReaderTables) -> Table:
    unit = unit_of_columns(tables.bias)
    header = (
        "annotator", "verdict", "outlines", "offset, % of diameter", f"offset, {unit}",
        "ln area ratio" if unit == "px" else "ln volume ratio", "Dice", "sensitivity", "specificity", "copied",
    )  # fmt: skip
    rows = [
        (
            str(row["annotator"]),
            str(row["verdict"]),
            str(row["outlines"]),
            _bounded(row, "offset_percent", "+.1f"),
            _number(row[f"offset_{unit}"], "+.1f" if unit == "px" else "+.3f"),
            _number(row[named_in(unit, "log_area_ratio")], "+.2f"),
            _bounded(row, "dice_consensus", ".3f"),
            _number(row["sensitivity"], ".3f"),
            _number(row["specificity"], ".3f"),
            f"{row['copied']:.1%}",
        )
        for row in tables.bias.to_dict("records")
    ]
    return Table(header=header, rows=rows, notes=_notes(tables))


def _notes(tables: ReaderTables) -> list[str]:
    notes = [
        "Below 0 tight, above 0 loose; 95 % intervals by a bootstrap over images (patients where known).",
        f"Tight or loose: the interval excludes 0 and the mean is {EFFECT_PERCENT:g} % of the diameter or more.",
        "Where half of the others count a pixel, the outline half-way between theirs decides.",
        "Sensitivity and specificity: STAPLE over the whole data set.",
    ]
    notes += too_narrow({str(row["annotator"]): row["groups"] for row in tables.bias.to_dict("records")})
    alone = [str(row["annotator"]) for row in tables.bias.to_dict("records") if not row["images_of_three"] > 0]
    if alone:
        notes.append(
            f"{', '.join(alone)} drew no image together with two others: one other reader is the measure, who of the "
            "two is right is not known, and their sensitivity and specificity depend on where the iteration starts."
        )
    kinds = tables.copies["kind"].value_counts()
    notes.append(
        f"Copied masks: {kinds.get(BY_OTHERS, 0)} equal another annotator's of the case, "
        f"{kinds.get(OF_OTHER_CASES, 0)} that of another case."
    )
    return [*notes, *_drift_notes(tables.drift)]


def _drift_notes(drift: Drift) -> list[str]:
    notes: list[str] = []
    alarms = drift.alarms()
    if len(drift.table):
        words = "; ".join(
            f"{row['annotator']} {_MEASURES[row['measure']]} from {row['created_at']} ({row['case_id']}), "
            f"{row['times']} outlines, by {row['shift']:+.2g} on average"
            for row in alarms.to_dict("records")
        )
        notes.append(
            f"Drift (EWMA, λ {SMOOTHING:g}, L {LIMIT:g}, limits from the first {FIRST_PERIOD} outlines, "
            f"from all of who drew fewer than {2 * FIRST_PERIOD}), beyond a limit: {words or 'nobody'}."
            + (_ALSO if words else "")
        )
    left_out = {
        "have no date": drift.without_date,
        f"have no ISO 8601 date (first {drift.first_unreadable!r})": drift.unreadable,
    }
    notes += [f"Drift: {count} outlines {what}." for what, count in left_out.items() if count]
    if drift.uncharted:
        notes.append(f"Drift: too few dated outlines, or one date only, of {', '.join(drift.uncharted)}.")
    return notes


def _errors(errors: pd.DataFrame, annotators: list[str], *, volumes: bool) -> Table:
    counted = errors.groupby(["type", "finding", "annotator"], sort=False).size()
    kinds = list(dict.fromkeys(zip(errors["type"], errors["finding"], strict=True)))
    rows = [
        (f"{kind}: {finding}", *(str(counted.get((kind, finding, name), 0)) for name in annotators))
        for kind, finding in kinds
    ]
    found = {kind for kind, _ in kinds}
    sought = [SCOPE] if volumes else ERROR_TYPES
    rows += [(f"{kind}: none found", *("0" for _ in annotators)) for kind in sought if kind not in found]
    notes = ["Each of them is a row of errors.csv."]
    notes += ["In volumes only the scope is looked at; the other errors are found in pictures."] if volumes else []
    return Table(header=("error", *annotators), rows=rows, notes=notes)


def _bounded(row: Mapping[Any, Any], name: str, form: str) -> str:
    if pd.isna(row[name]):
        return _number(None, form)
    return bracketed(row[name], row[f"{name}_low"], row[f"{name}_high"], form)


def _number(value: float | None, form: str) -> str:
    return "not known" if value is None or pd.isna(value) else format(value, form)
