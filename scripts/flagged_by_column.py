"""How well a column of a prediction's cases.csv, low where an outline may be bad, finds the outlines that are.

python scripts/flagged_by_column.py CASES COLUMN [COLUMN ...]
CASES is the cases.csv of an evaluation. An outline is bad where its Jaccard is below 0.65, as threshold Jaccard counts.
Prints Markdown: rank correlation (Spearman) with Jaccard, how many of the bad outlines are in the lowest tenth and in
the lowest quarter of the column, the mean Jaccard of the lowest tenth and of the others, the means of the column and of
Dice, and the mean of how far they lie apart.
"""

import sys

import pandas as pd

BAD_BELOW = 0.65
HEADER = (
    "column", "images", "rank correlation", "bad in lowest tenth", "in lowest quarter",
    "Jaccard of lowest tenth", "of the others", "mean of column", "mean Dice", "mean distance",
)  # fmt: skip


def main(table: str, *columns: str) -> None:
    """Print a row for each column."""
    cases = pd.read_csv(table)
    missing = [name for name in ("jaccard", "dice", *columns) if name not in cases]
    if missing or not columns:
        sys.exit(f"{table} has no column {', '.join(missing) or 'that was named'}; it has {', '.join(cases.columns)}.")
    print("| " + " | ".join(HEADER) + " |\n|---|" + "---:|" * (len(HEADER) - 1))
    for column in columns:
        print("| " + " | ".join(row(cases, column)) + " |")


def row(cases: pd.DataFrame, column: str) -> list[str]:
    """Return the cells of one column."""
    scored = cases.dropna(subset=["jaccard", column]).sort_values(column)
    bad, tenth = scored["jaccard"] < BAD_BELOW, len(scored) // 10
    return [
        column,
        str(len(scored)),
        f"{scored[column].corr(scored['jaccard'], method='spearman'):.2f}",
        f"{bad[:tenth].sum()} of {bad.sum()}",
        f"{bad[: len(scored) // 4].sum()} of {bad.sum()}",
        f"{scored['jaccard'][:tenth].mean():.3f}",
        f"{scored['jaccard'][tenth:].mean():.3f}",
        f"{scored[column].mean():.3f}",
        f"{scored['dice'].mean():.3f}",
        f"{(scored[column] - scored['dice']).abs().mean():.3f}",
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
