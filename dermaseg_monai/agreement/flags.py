"""What somebody should look at: outlines and pairs that are unlikely to be right."""

import pandas as pd

from dermaseg_monai.agreement.copies import BY_OTHERS, find_copies
from dermaseg_monai.agreement.unit import named_in, unit_of_columns
from dermaseg_monai.manifest.mask_findings import FULL_SHARE, TINY_SHARE


def find_flags(pairs: pd.DataFrame, masks: pd.DataFrame, *, below_dice: float) -> pd.DataFrame:
    """Return one row per finding: case_id, flag, annotators, detail; sorted by case.

    - low agreement: Dice of a pair below `below_dice`; no overlap: two lesions that share no pixel.
    - empty, full, tiny (at the shares of the picture or volume of `manifest.mask_findings`), fragments (several
      regions), holes, border.
    - copied: the same mask, pixel for pixel, comes from two annotators or stands in two cases (`find_copies`).

    Args:
        pairs: a row per pair (`PAIR_COLUMNS`).
        masks: a row per outline (`MASK_COLUMNS`); may have no rows.
        below_dice: in [0, 1].
    """
    found: list[dict[str, str]] = []
    sizes = [named_in(unit_of_columns(pairs), name) for name in ("area_a_px", "area_b_px")]
    for row in pairs[pairs["dice"] < below_dice].itertuples():
        two_lesions = all(getattr(row, name, None) != 0 for name in sizes)  # a table of others may not know
        flag = "no overlap" if row.dice == 0 and two_lesions else "low agreement"
        who = f"{row.annotator_a}, {row.annotator_b}"
        found.append({"case_id": str(row.case_id), "flag": flag, "annotators": who, "detail": f"Dice {row.dice:.3f}"})
    for row in masks.itertuples():
        found += [
            {"case_id": str(row.case_id), "flag": flag, "annotators": str(row.annotator), "detail": detail}
            for flag, detail in _of_mask(row)
        ]
    copies = find_copies(masks)
    for _, equal in copies.groupby(["case_id", "kind"], sort=False):
        case_id, kind = str(equal["case_id"].iloc[0]), equal["kind"].iloc[0]
        detail = "the same mask" if kind == BY_OTHERS else "the same mask as in another case"
        who = ", ".join(sorted(set(equal["annotator"])))
        found.append({"case_id": case_id, "flag": "copied", "annotators": who, "detail": detail})
    table = pd.DataFrame(found, columns=["case_id", "flag", "annotators", "detail"])
    return table.sort_values(["case_id", "flag", "annotators"], ignore_index=True)


def _of_mask(row: object) -> list[tuple[str, str]]:
    facts: dict[str, float] = {
        name: getattr(row, name) for name in ("area_share", "regions", "holes", "touches_border")
    }
    volume = hasattr(row, "volume_mm3")
    if facts["area_share"] == 0:
        return [("empty", f"no lesion {'voxel' if volume else 'pixel'}")]
    share = f"{facts['area_share']:.2%} of the {'volume' if volume else 'picture'}"
    checks = {
        "full": (facts["area_share"] >= FULL_SHARE, share),
        "tiny": (facts["area_share"] < TINY_SHARE, share),
        "fragments": (facts["regions"] > 1, f"{facts['regions']} regions"),
        "holes": (facts["holes"] > 0, f"{facts['holes']} holes"),
        "border": (bool(facts["touches_border"]), share),
    }
    return [(flag, detail) for flag, (true, detail) in checks.items() if true]
