"""Where one setting of an ablation beats another: mean differences by the share of the picture that the lesion takes.

python scripts/differences_by_lesion_share.py RUNS BASELINE SETTING [SPLIT]
RUNS is runs/ablations/<name>; BASELINE and SETTING are how the names of their run folders begin; SPLIT is test.
Prints a Markdown table: setting minus baseline, means over images of the means over seeds.
"""

import sys
from pathlib import Path

import pandas as pd

SHARES = (0, 0.05, 0.15, 0.3, 0.5, 0.75, 1)
SCORES = ("jaccard", "hd95_px", "surface_dice")


def mean_over_seeds(runs: Path, setting: str, split: str) -> pd.DataFrame:
    """Return one row per image: the scores and the reference's share of the picture."""
    files = sorted(runs.glob(f"{setting}-seed*/evaluate_{split}/cases.csv"))
    if not files:
        sys.exit(f"No {runs}/{setting}-seed*/evaluate_{split}/cases.csv. Run the ablation first.")
    tables = [pd.read_csv(file, index_col="case_id").sort_index() for file in files]
    if any(list(table.index) != list(tables[0].index) for table in tables):
        sys.exit(f"The runs of {setting} were scored on different images.")
    found = sum(table[list(SCORES)] for table in tables) / len(tables)
    sides = tables[0]["size_px"].astype(str).str.extract(r"(\d+)\D+(\d+)").astype(float)
    return found.assign(share=tables[0]["label_px"] / sides.prod(axis=1))


def main(runs: str, baseline: str, setting: str, split: str = "test") -> None:
    """Print the table."""
    one, other = (mean_over_seeds(Path(runs), name, split) for name in (setting, baseline))
    if list(one.index) != list(other.index):
        sys.exit(f"{setting} and {baseline} were scored on different images.")
    classes = pd.cut(other["share"], SHARES, include_lowest=True)
    differences = (one[list(SCORES)] - other[list(SCORES)]).groupby(classes, observed=True)
    means, counts = differences.mean(), differences.size()
    print("| share of the picture | images |", " | ".join(SCORES), "|")
    print("|---|---:|", "---:|" * len(SCORES), sep="")
    for interval, row in means.iterrows():
        print(f"| up to {interval.right:g} | {counts[interval]} |", " | ".join(f"{v:+.3f}" for v in row), "|")


if __name__ == "__main__":
    main(*sys.argv[1:])
