"""Where an evaluation is weak: mean scores of its images by a column of a table, such as the width of the photograph.

python scripts/scores_by_column.py CASES TABLE COLUMN [CUT ...] --manifest MANIFEST
CASES is the cases.csv of an evaluation; TABLE a CSV whose column `id` names its cases; MANIFEST says which of them show
one lesion or patient. Numbers are divided at the CUTs, each part up to and with its upper cut; without cuts every value
is a part. Cases without a value or a row are a part too.
Prints a Markdown table with a percentile bootstrap of 2000 draws (95 %, seed 0) for Jaccard. It draws lesions and
patients, not single images; a part of fewer than ten of them has no interval, because it would be too narrow.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Manifest, group_of_case
from dermaseg_monai.metrics import read_scores, scores_to_frame
from dermaseg_monai.metrics.bootstrap import group_codes, mean_bounds
from dermaseg_monai.metrics.interval_text import bracketed
from dermaseg_monai.metrics.least_groups import LEAST_GROUPS
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


def interval(jaccards: pd.Series, groups: Mapping[str, str | None]) -> str:
    """Return a mean by case with its interval, where there are groups enough for one."""
    values, codes = jaccards.to_numpy(float)[:, np.newaxis], group_codes(list(jaccards.index), groups)
    if codes.max() + 1 < LEAST_GROUPS:
        return f"{values.mean():.3f}"
    return bracketed(values.mean(), *mean_bounds(values, codes, confidence=0.95, draws=DRAWS, seed=0)[0])


def groups_of(manifest: Path, ids: list[str]) -> dict[str, str | None]:
    """Return the group of every case: the first of the cases that it belongs together with."""
    try:
        cases = Manifest.load(manifest).cases
    except DataError as error:
        sys.exit(str(error))
    groups = group_of_case(cases)
    missing = [case_id for case_id in ids if case_id not in groups]
    if missing:
        sys.exit(f"{manifest} has no case {missing[0]}, which was scored. Give the manifest of the evaluation.")
    return {case_id: groups[case_id] for case_id in ids}


def main(cases: Path, table: Path, column: str, cuts: list[float], manifest: Path) -> None:
    """Print the table."""
    scores = scores_to_frame(read_scores(cases)).set_index("case_id")
    known = read_cells(pd.read_csv(table, dtype={"id": str}, low_memory=False))
    if "id" not in known or column not in known:
        sys.exit(f"{table} has no column id, or no column {column}; it has {', '.join(known.columns)}.")
    values = known.drop_duplicates("id").set_index("id")[column]
    if not scores.index.isin(values.index).any():
        sys.exit(f"{table} has a row for none of the {len(scores)} cases, the first of which is {scores.index[0]}.")
    groups = groups_of(manifest, list(scores.index))
    by_part = scores.groupby(parts(values.reindex(scores.index), cuts), observed=True)
    print(f"| {column} | images | lesions or patients |", " | ".join(SCORES), "|")
    print("|---|---:|---:|", "---|" * len(SCORES), sep="")
    for name, rows in by_part:
        jaccard, *others = (pd.Series(rows[score]) for score in SCORES)
        counted = f"{len(rows)} | {len({groups[case_id] for case_id in rows.index})}"
        means = " | ".join(f"{one.mean():.3f}" for one in others)
        print(f"| {name} | {counted} | {interval(jaccard, groups)} |", means, "|")


def asked() -> argparse.Namespace:
    """Return the words of the command line."""
    parser = argparse.ArgumentParser(description="Mean scores of an evaluation by a column of a table.")
    parser.add_argument("cases", type=Path, help="cases.csv of an evaluation")
    parser.add_argument("table", type=Path, help="CSV with a column id")
    parser.add_argument("column", help="of the table")
    parser.add_argument("cuts", type=float, nargs="*", help="where numbers are divided")
    parser.add_argument("--manifest", type=Path, required=True, help="of the evaluation")
    return parser.parse_args()


if __name__ == "__main__":
    main(**vars(asked()))
