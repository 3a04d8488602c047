"""Where an evaluation is weak: mean scores of its images by a column of a table, such as the width of the photograph.

python scripts/scores_by_column.py CASES TABLE COLUMN [CUT ...]
CASES is the cases.csv of an evaluation; TABLE a CSV whose column `id` names its cases. Numbers are divided at the CUTs,
each part up to and with its upper cut; without cuts every value is a part. Cases without a value or a row are a part
too.
Prints a Markdown table with a percentile bootstrap of 2000 draws over images (95 %, seed 0) for Jaccard.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from dermaseg_monai.metrics import read_scores, scores_to_frame
from dermaseg_monai.metrics.spreadsheet import read_cells

SCORES = ("jaccard", "threshold_jaccard", "sensitivity", "precision")
DRAWS = 2000


def parts(values: pd.Series, cuts: list[float]) -> pd.Series:
    """Return the part that each value belongs to, in words."""
    if not cuts:
        return values.astype(object).where(values.notna(), "none").astype(str)
    edges = [-np.inf, *sorted(cuts), np.inf]
    words = [f"up to {cut:g}" for cut in sorted(cuts)] + [f"above {max(cuts):g}"]
    found = pd.Series(pd.cut(values, edges, labels=words), values.index)
    return found.cat.add_categories("none").fillna("none")


def interval(values: np.ndarray) -> str:
    """Return a mean with its interval."""
    drawn = np.random.default_rng(0).choice(values, (DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def main(cases: str, table: str, column: str, *cuts: str) -> None:
    """Print the table."""
    scores = scores_to_frame(read_scores(Path(cases))).set_index("case_id")
    known = read_cells(pd.read_csv(table, dtype={"id": str}, low_memory=False))
    if "id" not in known or column not in known:
        sys.exit(f"{table} has no column id, or no column {column}; it has {', '.join(known.columns)}.")
    values = known.drop_duplicates("id").set_index("id")[column]
    if not scores.index.isin(values.index).any():
        sys.exit(f"{table} has a row for none of the {len(scores)} cases, the first of which is {scores.index[0]}.")
    by_part = scores.groupby(parts(values.reindex(scores.index), [float(cut) for cut in cuts]), observed=True)
    print(f"| {column} | images |", " | ".join(SCORES), "|")
    print("|---|---:|", "---|" * len(SCORES), sep="")
    for name, rows in by_part:
        jaccard, *others = (rows[score].to_numpy(float) for score in SCORES)
        print(f"| {name} | {len(rows)} | {interval(jaccard)} |", " | ".join(f"{one.mean():.3f}" for one in others), "|")


if __name__ == "__main__":
    main(*sys.argv[1:])
