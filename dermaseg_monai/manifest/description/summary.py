"""A data set in numbers: quantiles and counts, whole and by split, as JSON takes them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from dermaseg_monai.manifest.case import SPLITS
from dermaseg_monai.manifest.description.features import CATEGORIES, NUMBERS
from dermaseg_monai.manifest.description.row import Row
from dermaseg_monai.manifest.description.sample import SIDE_PX
from dermaseg_monai.manifest.description.table import Described

QUANTILES: Final = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def summarise(described: Described) -> dict[str, Any]:
    """Return counts of what was measured, and every feature of the whole set and of each split that has cases."""
    rows = described.rows
    splits = {split: [row for row in rows if row.split == split] for split in SPLITS}
    return {
        "name": described.name,
        "manifest": described.manifest.name,
        "version": described.manifest.version,
        "digest": described.manifest.digest,
        "grid_short_side_px": SIDE_PX,
        "cases": len(rows),
        "status": dict(Counter(row.status for row in rows)),
        "skin_tone_unavailable": dict(Counter(row.tone_reason for row in rows if row.tone_reason)),
        "all": features_of(rows),
        "splits": {split: features_of(held) for split, held in splits.items() if held},
    }


def features_of(rows: Sequence[Row]) -> dict[str, Any]:
    """Return, by feature, number known and missing with quantiles and mean, or the counts of the categories."""
    found: dict[str, Any] = {}
    for feature in NUMBERS:
        values = np.array([row.values[feature.name] for row in rows if row.values[feature.name] is not None], float)
        about: dict[str, Any] = {"known": len(values), "missing": len(rows) - len(values)}
        if len(values):
            about["mean"] = float(values.mean())
            about["quantiles"] = dict(zip(map(str, QUANTILES), map(float, np.quantile(values, QUANTILES)), strict=True))
        found[feature.name] = about
    for feature in CATEGORIES:
        words = [row.values[feature.name] for row in rows if row.values[feature.name] is not None]
        counts = Counter(map(str, words))
        found[feature.name] = {
            "known": len(words),
            "missing": len(rows) - len(words),
            "counts": dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        }
    return found
