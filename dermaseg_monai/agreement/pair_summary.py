"""Many pairs become one answer: how far people agree, with intervals, and where they do not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from dermaseg_monai.agreement.interval import CONFIDENCE, DRAWS
from dermaseg_monai.metrics.bootstrap import mean_bounds
from dermaseg_monai.metrics.interval_text import bracketed

SCORES: Final = (
    "dice", "jaccard", "threshold_jaccard", "hd95_px", "assd_px", "hd95_mm", "assd_mm", "surface_dice",
    "volume_difference_mm3",
)  # fmt: skip
"""Those that a pair may have: distances are in px of pictures or in mm of volumes, never in both."""
FLAGGED: Final = "flagged"
"""The share of pairs below the Dice from which a case is looked at again."""


@dataclass(frozen=True)
class Agreement:
    """One score: its mean over pairs, over images (each the mean of its pairs) and its median over pairs.

    `low` and `high` bound the mean over pairs, `image_low` and `image_high` that over images; None where there is one
    group only.
    """

    mean: float
    low: float | None
    high: float | None
    median: float
    image_mean: float
    image_low: float | None
    image_high: float | None


@dataclass(frozen=True)
class PairSummary:
    """How far people agree.

    Attributes:
        scores: by name, those of `SCORES` that the pairs have, and the share `flagged`.
        n_pairs: pairs of outlines.
        n_images: images.
        n_groups: patients or lesions; images where neither is known. The bootstrap draws these.
        below_dice: a pair below it is flagged.
        confidence: of the intervals.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """

    scores: dict[str, Agreement]
    n_pairs: int
    n_images: int
    n_groups: int
    below_dice: float
    confidence: float
    draws: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and texts, ready for JSON."""
        return asdict(self)


def is_intra(pairs: pd.DataFrame) -> pd.Series:
    """Return which pairs are of one person who drew a case twice."""
    return pairs["annotator_a"].astype(str) == pairs["annotator_b"].astype(str)


def summarise_pairs(pairs: pd.DataFrame, *, below_dice: float, seed: int) -> PairSummary:
    """Average every score over pairs and over images, and bound both by a bootstrap that draws groups of images.

    Mean pairwise Dice is Khan and Khan, Practical Semantic Segmentation with Deep Learning, 2026, eq. 4.1. The group of
    an image is its patient or lesion (column `group`), else the image.

    Raises:
        ValueError: no pair, or a score is missing for some of them.
    """
    if pairs.empty:
        raise ValueError("There is no pair to summarise.")
    by_pair = _values(pairs, below_dice)
    for name, count in by_pair.isna().sum().to_dict().items():
        if count:
            raise ValueError(f"{count} of {len(pairs)} pairs have no {name}.")
    group = pairs["group"].where(pairs["group"].notna(), "image " + pairs["case_id"].astype(str)).astype(str)
    images: Any = by_pair.groupby(pairs["case_id"].to_numpy(), sort=True).mean()
    image_group = group.groupby(pairs["case_id"].to_numpy(), sort=True).first()
    pair_bounds = _bounds(by_pair, group, seed)
    image_bounds = _bounds(images, image_group, seed)
    scores = {
        name: Agreement(
            float(by_pair[name].mean()),
            *pair_bounds[name],
            float(by_pair[name].median()),
            float(images[name].mean()),
            *image_bounds[name],
        )
        for name in by_pair.columns
    }
    return PairSummary(scores, len(pairs), len(images), group.nunique(), below_dice, CONFIDENCE, DRAWS, seed)


def by_image(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per image: the number of its pairs, mean and least Dice, and the mean of every other score."""
    names = [name for name in SCORES if name in pairs]
    groups = pairs.groupby("case_id", sort=True)
    table = groups[names].mean()
    table.insert(0, "pairs", groups.size())
    table.insert(2, "least_dice", groups["dice"].min())
    return table.reset_index()


def by_annotators(pairs: pd.DataFrame, *, below_dice: float, seed: int) -> pd.DataFrame:
    """Return one row per two annotators (one and the same: intra), most pairs first (columns as `by_factor`)."""
    names = pairs["annotator_a"].astype(str) + " – " + pairs["annotator_b"].astype(str)
    return by_factor(pairs.assign(annotators=names), "annotators", below_dice=below_dice, seed=seed)


def by_factor(pairs: pd.DataFrame, factor: str, *, below_dice: float, seed: int) -> pd.DataFrame:
    """Return one row per value of a column, most pairs first (sizes from small to large), with the scores.

    `tool` and `skill` are what the two readers had, in alphabetical order (`T1 – T3`); any other name is a column. An
    empty value is `not known`: no pair is left out.
    """
    values = both_values(pairs, factor) if factor in {"tool", "skill"} and factor not in pairs else pairs[factor]
    rows = []
    for value, chosen in pairs.groupby(values.fillna("not known").astype(str), sort=True):
        found = summarise_pairs(chosen, below_dice=below_dice, seed=seed)
        dice = found.scores["dice"]
        rows.append(
            {factor: value, "pairs": found.n_pairs, "images": found.n_images, "groups": found.n_groups}
            | {"dice": dice.mean, "dice_low": dice.low, "dice_high": dice.high, "dice_median": dice.median}
            | {name: found.scores[name].mean for name in found.scores if name != "dice"}
        )
    order = [factor] if factor == "size" else ["pairs", factor]
    return pd.DataFrame(rows).sort_values(order, ascending=[name != "pairs" for name in order], ignore_index=True)


def both_values(pairs: pd.DataFrame, factor: str) -> pd.Series:
    """Return what the two readers of each pair had, in alphabetical order: `T1 – T3` for the factor `tool`."""
    sides = pairs[[f"{factor}_a", f"{factor}_b"]].fillna("not known").astype(str).to_numpy()
    sides.sort(axis=1)
    return pd.Series([f"{one} – {other}" for one, other in sides], index=pairs.index, dtype=object)


def _values(pairs: pd.DataFrame, below_dice: float) -> pd.DataFrame:
    table = pairs[[name for name in SCORES if name in pairs]].astype(float)
    return table.assign(**{FLAGGED: (pairs["dice"] < below_dice).astype(float)})


def _bounds(values: pd.DataFrame, group: pd.Series, seed: int) -> dict[str, tuple[float | None, float | None]]:
    codes = np.unique(group.to_numpy().astype(str), return_inverse=True)[1]
    bounds = mean_bounds(values.to_numpy(), codes, confidence=CONFIDENCE, draws=DRAWS, seed=seed)
    return dict(zip(values.columns, bounds, strict=True))


def written_rows(summaries: Sequence[tuple[str, PairSummary]]) -> list[tuple[str, ...]]:
    """Return rows of text for a table: who, pairs, images, then Dice, Jaccard, threshold Jaccard and share flagged."""
    rows = []
    for who, found in summaries:
        scores = [found.scores[name] for name in ("dice", "jaccard", "threshold_jaccard", FLAGGED)]
        cells = [bracketed(score.mean, score.low, score.high) for score in scores]
        rows.append((who, str(found.n_pairs), str(found.n_images), *cells))
    return rows
