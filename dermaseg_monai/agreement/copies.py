"""Masks that somebody handed in twice, or took over from somebody else."""

from typing import Final

import pandas as pd

from dermaseg_monai.agreement.unit import named_in, unit_of_columns

COPY_COLUMNS: Final = (
    "digest", "kind", "case_id", "annotator", "created_at", "area_px", "equals", "path",
)  # fmt: skip
"""The columns of a table of copies; `equals` is the number of masks that are equal, this one included. Of volumes
`area_px` is `volume_mm3`."""

BY_OTHERS: Final = "two annotators"
OF_OTHER_CASES: Final = "two cases"


def find_copies(masks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per mask that equals, pixel for pixel, one of another annotator or of another case.

    The kind of a group of equal masks is `two cases` where it spans cases (a mask uploaded to the wrong picture; two
    pictures of one lesion do not give equal masks), else `two annotators`. Which of them is the original the pixels do
    not say; dates, where known, stand beside. Empty masks, full ones, and one person's own repeat of a case are no
    copies: they may well be equal.

    Args:
        masks: a row per outline (`MASK_COLUMNS`); `copy_of` is the digest.
    """
    columns = [named_in(unit_of_columns(masks), name) for name in COPY_COLUMNS]
    if masks.empty:
        return pd.DataFrame(columns=columns)
    drawn = masks[(masks["area_share"] > 0) & (masks["area_share"] < 1)]
    drawn = drawn[drawn["copy_of"].duplicated(keep=False)]  # of tens of thousands of masks few are left
    found: list[pd.DataFrame] = []
    for digest, equal in drawn.groupby("copy_of", sort=True):
        cases, people = len(set(equal["case_id"])), len(set(equal["annotator"]))
        if cases > 1 or people > 1:
            kind = OF_OTHER_CASES if cases > 1 else BY_OTHERS
            found.append(equal.assign(digest=digest, kind=kind, equals=len(equal)))
    if not found:
        return pd.DataFrame(columns=columns)
    table = pd.concat(found)[columns]
    return table.sort_values(["kind", "digest", "case_id", "annotator"], ignore_index=True)
