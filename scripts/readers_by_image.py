"""Who outlined each image, and with what, from a table of outlines (IMA++'s IMAplusplus_seg_metadata.csv).

python scripts/readers_by_image.py TABLE [LEAVE_OUT ...] > readers.csv
TABLE has the columns ISIC_id, annotator and tool; LEAVE_OUT are annotators that are no people (ST and MV, two consensus
masks). Prints CSV with the columns id, readers (A00+A03: both outlined it) and tools. Which of several outlines a data
set took as its reference, the table does not say; `dermaseg data describe` measures outlines, whose roughness may.
"""

import sys

import pandas as pd


def main(table: str, *leave_out: str) -> None:
    """Print the table."""
    outlines = pd.read_csv(table, dtype=str)
    missing = {"ISIC_id", "annotator", "tool"} - set(outlines)
    if missing:
        sys.exit(f"{table} has no column {', '.join(sorted(missing))}; it has {', '.join(outlines.columns)}.")
    people = outlines[~outlines["annotator"].isin(leave_out)]
    by_image = people.groupby("ISIC_id")[["annotator", "tool"]].agg(lambda names: "+".join(sorted(set(names.dropna()))))
    by_image.rename_axis("id").rename(columns={"annotator": "readers", "tool": "tools"}).to_csv(sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
