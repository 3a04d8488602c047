"""Where two settings of an ablation differ in HD95: by direction, border contact and islands.

python scripts/hd95_parts.py RUNS BASELINE SETTING DATASET_DIR MANIFEST [SPLIT]
RUNS is runs/ablations/<name>; BASELINE and SETTING are how the names of their run folders begin; SPLIT is test.
HD95 is the larger of two 95th percentiles: from the predicted contour to the reference's (p2r: what sticks out) and
back (r2p: what is missed). `largest` is HD95 after all but the largest region are removed and holes are filled.
Prints a Markdown table of means over images of the means over seeds, in px. Images that a setting missed altogether
have no distance and are left out of both; their number is printed.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.images import read_mask
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.metrics import surface_distances

PARTS = ("HD95", "p2r", "r2p", "largest", "regions", "hole px")


def largest(mask: BoolMask) -> BoolMask:
    """Return the largest region without holes."""
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return ndimage.binary_fill_holes(labels == sizes.argmax())


def percentiles(pred: BoolMask, reference: BoolMask) -> tuple[float, float]:
    """Return both 95th percentiles, NaN where a mask is empty."""
    found = surface_distances(pred, reference, spacing=None)
    if found.one_empty or found.both_empty:
        return np.nan, np.nan
    return float(np.percentile(found.pred_to_label, 95)), float(np.percentile(found.label_to_pred, 95))


def parts(pred: BoolMask, reference: BoolMask) -> dict[str, float]:
    """Return the row of one image."""
    p2r, r2p = percentiles(pred, reference)
    return {
        "HD95": max(p2r, r2p),
        "p2r": p2r,
        "r2p": r2p,
        "largest": max(percentiles(largest(pred), reference)) if pred.any() else np.nan,
        "regions": float(ndimage.label(pred)[1]),
        "hole px": float(ndimage.binary_fill_holes(pred).sum() - pred.sum()),
    }


def mean_over_seeds(runs: Path, setting: str, split: str, references: dict[str, BoolMask]) -> pd.DataFrame:
    """Return one row per image."""
    folders = sorted(runs.glob(f"{setting}-seed*/evaluate_{split}/masks"))
    if not folders:
        sys.exit(f"No {runs}/{setting}-seed*/evaluate_{split}/masks. Run the ablation first.")
    tables = [
        pd.DataFrame({name: parts(read_mask(folder / f"{name}.png"), mask) for name, mask in references.items()}).T
        for folder in folders
    ]
    return sum(tables[1:], start=tables[0]) / len(tables)


def main(runs: str, baseline: str, setting: str, dataset_dir: str, manifest: str, split: str = "test") -> None:  # noqa: PLR0917
    """Print the table."""
    cases = Manifest.load(manifest).in_split(split)  # pyright: ignore[reportArgumentType] (checked there)
    references = {c.id: read_mask(Path(dataset_dir) / c.reference.mask.path) for c in cases if c.reference}
    border = pd.Series(
        {name: m[0].any() or m[-1].any() or m[:, 0].any() or m[:, -1].any() for name, m in references.items()}
    )
    one, other = (mean_over_seeds(Path(runs), name, split, references) for name in (setting, baseline))
    both = one["HD95"].notna() & other["HD95"].notna()
    print(f"{len(references)} images, {(~both).sum()} of them missed by a setting and left out. HD95 of {setting} is")
    print(f"lower for {(one['HD95'] < other['HD95'])[both].mean():.0%}, equal for", end=" ")
    print(f"{(one['HD95'] == other['HD95'])[both].mean():.0%}.\n")
    print("| lesion | images | setting |", " | ".join(PARTS), "|")
    print("|---|---:|---|", "---:|" * len(PARTS), sep="")
    for where, chosen in (("touches the border", border & both), ("inside", ~border & both)):
        for name, table in ((baseline, other), (setting, one)):
            means = table.loc[chosen[chosen].index, list(PARTS)].mean()
            print(f"| {where} | {chosen.sum()} | {name} |", " | ".join(f"{value:.1f}" for value in means), "|")


if __name__ == "__main__":
    main(*sys.argv[1:])
