"""Who draws how: one row per annotator, and who differs from all the others throughout."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from dermaseg_monai.agreement.case_readers import ERROR_COLUMNS
from dermaseg_monai.agreement.copies import find_copies
from dermaseg_monai.agreement.interval import CONFIDENCE, DRAWS
from dermaseg_monai.agreement.outline_errors import SCOPE
from dermaseg_monai.agreement.pooled_staple import pooled_staple
from dermaseg_monai.agreement.unit import named_in, unit_of_columns
from dermaseg_monai.agreement.vote_patterns import VotePatterns
from dermaseg_monai.metrics.bootstrap import bootstrap_means, group_codes, percentile_interval

EFFECT_PERCENT: Final = 2.0
"""Mean offset, in per cent of the lesion's diameter, from which an annotator counts as tight or loose. A disc that is
2 % of its diameter too wide all around has Dice .96 with the right one; two outlines of one person differ by more
(median Dice .94 in IMA++)."""
VERDICT_GROUPS: Final = 5
"""Patients or lesions, images where neither is known: ten images of two patients are two voices."""

_MEASURES: Final = (
    "log_area_ratio", "offset_px", "offset_percent", "centroid_shift_px", "centroid_shift_percent",
    "roughness_difference",
)  # fmt: skip


def bias_table(
    masks: pd.DataFrame,
    votes: Sequence[VotePatterns],
    groups: Mapping[str, str | None],
    *,
    seed: int,
) -> pd.DataFrame:
    """Return one row per annotator whose outlines somebody else's can be compared with, most outlines first.

    - `outlines`, `images`: compared; `groups`: what the bootstrap draws; `empty`: outlines without lesion.
    - `others`: mean number of people in the consensus; 1 means that one other reader is the measure throughout.
    - mean of each measure of `outline_bias` with `_low` and `_high`, a percentile interval that draws groups of images;
      empty where there is one group. Outlines that have no contour, or whose consensus has none, take no part in them
      but do in `dice_consensus`.
    - `offset_median_percent`, which one lesion outlined quite differently cannot move.
    - `verdict`: `tight` or `loose` where the interval of `offset_percent` excludes 0 and its mean is at least
      `EFFECT_PERCENT` away from it, over at least `VERDICT_GROUPS` groups; `few images` below that; else `neutral`.
      With two annotators the verdicts mirror each other: that they differ is known, not who is right.
    - `copied`: share of the outlines that are pixel for pixel somebody else's, or that of another case (`find_copies`).
    - `sensitivity`, `specificity`, `images_of_three`: `pooled_staple`, with what it says about two readers.

    Args:
        masks: a row per outline (`MASK_COLUMNS`, `BIAS_COLUMNS`).
        votes: of the same cases.
        groups: patient or lesion of each case, None where neither is known.
        seed: of the bootstrap.
    """
    unit = unit_of_columns(masks)
    measures = [named_in(unit, name) for name in _MEASURES]
    compared = masks[masks["others"].astype(float) > 0]
    copies = set(find_copies(masks)["path"])
    rows: list[dict[str, Any]] = []
    for name, own in compared.groupby("annotator", sort=True):
        row: dict[str, Any] = {"annotator": name, "outlines": len(own), "images": own["case_id"].nunique()}
        known = {case_id: groups.get(case_id) for case_id in own["case_id"]}
        codes = group_codes(own["case_id"].tolist(), known) if any(known.values()) else _number(own["case_id"])
        row |= {"groups": int(codes.max()) + 1, "empty": int((own["area_share"] == 0).sum())}
        row["others"] = float(own["others"].mean())
        both = own["offset_percent"].notna().to_numpy()
        for columns, valid in ((["dice_consensus"], np.ones(len(own), dtype=bool)), (measures, both)):
            row |= _means(own.loc[valid, columns], codes[valid], seed=seed)
        row["offset_median_percent"] = float(own["offset_percent"].dropna().astype(float).median())
        row["verdict"] = _verdict(row)
        row["copied"] = float(own["path"].isin(copies).mean())
        rows.append(row)
    columns = _columns(measures)
    table = pd.DataFrame(rows, columns=[name for name in columns if name not in {"sensitivity", "specificity"}])
    staple = pooled_staple(votes).drop(columns="images")
    table = table.drop(columns="images_of_three").merge(staple, on="annotator", how="left")
    return table[columns].sort_values(["outlines", "annotator"], ascending=[False, True], ignore_index=True)


def scope_errors(bias: pd.DataFrame, masks: pd.DataFrame) -> pd.DataFrame:
    """Return a row (`ERROR_COLUMNS`) per annotator who draws tight or loose throughout: inconsistent scope.

    `case_id` and `path` are those of the outline that is furthest off on that side, `measure` is the mean offset. With
    two annotators both are named, because nothing says whose scope is meant.
    """
    rows: list[dict[str, Any]] = []
    for one in bias[bias["verdict"].isin(["tight", "loose"])].to_dict("records"):
        near, far = sorted(abs(one[f"offset_percent_{end}"]) for end in ("low", "high"))
        own = masks[(masks["annotator"] == one["annotator"]) & masks["offset_percent"].notna()]
        worst = own.loc[(own["offset_percent"].astype(float) * np.sign(one["offset_percent"])).idxmax()]
        words = (
            f"Over {one['images']} images the outlines run {abs(one['offset_percent']):.1f} % of the diameter "
            f"[{near:.1f}, {far:.1f}] "
            f"{'outside' if one['offset_percent'] > 0 else 'inside'} those of the others; this is the furthest."
        )
        rows.append(
            {"case_id": worst["case_id"], "annotator": one["annotator"], "type": SCOPE, "finding": one["verdict"]}
            | {"measure": one["offset_percent"], "unit": "% of the diameter (mean)", "path": worst["path"]}
            | {"others": worst["others"], "explanation": words}
        )
    return pd.DataFrame(rows, columns=list(ERROR_COLUMNS))


def _columns(measures: Sequence[str]) -> list[str]:
    measured = [f"{name}{end}" for name in ("dice_consensus", *measures) for end in ("", "_low", "_high")]
    who = ["annotator", "verdict", "outlines", "images", "groups", "empty", "others"]
    return [*who, *measured, "offset_median_percent", "copied", "sensitivity", "specificity", "images_of_three"]


def _means(values: pd.DataFrame, codes: np.ndarray, *, seed: int) -> dict[str, float | None]:
    numbers = values.astype(float)
    full = numbers.loc[:, numbers.notna().all()]  # roughness is not known of volumes
    row: dict[str, float | None] = {str(name): float(full[name].mean()) for name in full}
    codes = np.unique(codes, return_inverse=True)[1]
    if full.empty or codes.max() == 0:
        return row
    means = bootstrap_means(full.to_numpy(), codes, draws=DRAWS, seed=seed)
    for name, (low, high) in zip(full, percentile_interval(means, confidence=CONFIDENCE), strict=True):
        row |= {f"{name}_low": low, f"{name}_high": high}
    return row


def _number(case_ids: pd.Series) -> np.ndarray:
    return np.unique(case_ids.astype(str).to_numpy().astype(str), return_inverse=True)[1]


def _verdict(row: Mapping[str, Any]) -> str:
    mean, low, high = (row.get(name) for name in ("offset_percent", "offset_percent_low", "offset_percent_high"))
    if row["groups"] < VERDICT_GROUPS or mean is None or low is None or high is None:
        return "few images"
    if abs(mean) < EFFECT_PERCENT or low <= 0 <= high:
        return "neutral"
    return "loose" if mean > 0 else "tight"
