"""The tables of reliability and of the mixed model as they stand in a summary: as Markdown, and as rows for JSON."""

from typing import Any

import pandas as pd

from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.table import Table


def reliability_section(table: pd.DataFrame) -> str:
    """Return the statistics of all readers together; each two annotators stand in reliability.csv."""
    together = table[[" – " not in str(who) for who in table["who"]]]
    rows = [
        (f"{row['name']}, {row['what']}" if row["what"] else row["name"], row["who"], _value(row), str(row["n"]))
        for row in together.to_dict("records")
    ]
    said = together[together["note"] != ""].drop_duplicates(["name", "note"])
    notes = [f"{', '.join(rows['name'])}: {note}." for note, rows in said.groupby("note", sort=False)]
    notes.append("Definitions and each two annotators: reliability.csv.")
    return "## Beyond chance\n\n" + Table(("statistic", "of", "value", "n"), rows, notes).markdown()


def model_section(table: pd.DataFrame) -> str:
    """Return shares of variance, tests and the Dice of every level; effects stand in mixed_model.csv."""
    by_name = {str(name): rows.to_dict("records") for name, rows in table.groupby("name", sort=False)}
    left_out = [f"Left out: {row['what']}." for row in by_name.get("left out", [])]
    left_out += [f"Caution: {row['what']}." for row in by_name.get("caution", [])]
    if "fit" not in by_name:
        return "## What explains the disagreement\n\n" + " ".join(left_out)
    shares = ", ".join(f"{row['what']} {row['value']:.1%}" for row in by_name["share of variance"])
    bare = ", ".join(f"{row['what']} {row['value']:.1%}" for row in by_name["share of variance without factors"])
    worth = {name: {row["what"]: row["value"] for row in by_name.get(name, [])} for name in _WORTH}
    tests = [
        (row["what"], *(f"{round(worth[name][row['what']], 3) + 0.0:.1%}" for name in _WORTH), _test(row))
        for row in by_name.get("Wald test", [])
    ]
    levels = [(row["what"], _value(row), str(row["n"])) for row in by_name.get("Dice at", [])]
    notes = [
        f"Of {by_name['fit'][0]['n']} pairs of different people. Share of the variance of asin √(1 - Dice): {shares}.",
        f"Without factors: {bare}.",
        *left_out,
        "Effects and definitions: mixed_model.csv.",
    ]
    if not tests:
        return "## What explains the disagreement\n\n" + " ".join(notes)
    parts = [
        Table(("factor", *_WORTH, "Wald test"), tests, notes).markdown(),
        Table(("at", "Dice", "pairs"), levels, ["All other factors at their mean."]).markdown(),
    ]
    return "## What explains the disagreement\n\n" + "\n\n".join(parts)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows with None for what has no value, ready for JSON."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


_WORTH = ("explains alone", "explains beyond the others")


def _test(row: dict[str, Any]) -> str:
    p = "p < 0.0001" if row["p"] < 1e-4 else f"p = {row['p']:.4f}"  # noqa: PLR2004 (as written)
    return f"χ²({row['df']:.0f}) = {row['value']:.1f}, {p}"


def _value(row: dict[str, Any]) -> str:
    if pd.isna(row["value"]):
        return "not available"
    return bracketed(row["value"], row["low"], row["high"])
