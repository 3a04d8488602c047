"""Who has looked at what: images that lack a second reader, annotators who never drew the same case."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Final

import pandas as pd

from dermaseg_monai.agreement.reading import ReadCase

_NAMED: Final = 3
_READERS: Final = 2


def coverage(case_ids: Sequence[str], masks: pd.DataFrame) -> pd.DataFrame:
    """Return a row per case: case_id, readers (different people), annotators, lacks (how many readers to two).

    A person who drew a case twice is one reader. Outlines that could not be read count for nobody.

    Args:
        case_ids: every case that should have readers, those without any outline too.
        masks: a row per outline (`MASK_COLUMNS`).
    """
    people = {str(case_id): sorted(set(rows["annotator"])) for case_id, rows in masks.groupby("case_id")}
    rows = [
        {"case_id": name, "readers": len(who), "annotators": ", ".join(who), "lacks": max(0, _READERS - len(who))}
        for name, who in ((name, people.get(name, [])) for name in sorted(set(case_ids)))
    ]
    return pd.DataFrame(rows, columns=["case_id", "readers", "annotators", "lacks"])


def coverage_words(table: pd.DataFrame, masks: pd.DataFrame) -> list[str]:
    """Return what the summary says of `coverage`: images without a second reader, annotators who cannot be compared."""
    alone = table[table["lacks"] > 0]
    words = f"{len(alone)} of {len(table)} images lack a second reader"
    found = [f"{words}, first {alone['case_id'].iloc[0]} (coverage.csv)." if len(alone) else f"{words}."]
    apart = without_common_case(masks)
    if apart:
        more = f" and {len(apart) - _NAMED} more" if len(apart) > _NAMED else ""
        named = ", ".join(f"{one} – {other}" for one, other in apart[:_NAMED])
        found.append(f"{len(apart)} pairs of annotators share no case and cannot be compared: {named}{more}.")
    return found


def capital_words(cases: Sequence[ReadCase]) -> list[str]:
    """Return what is said of cases, and of annotators, whose names differ only in capital letters."""
    people = {reading.annotator for case in cases for reading in case.readings}
    found: list[str] = []
    for what, names in (("cases", {case.id for case in cases}), ("annotators", people)):
        alike: dict[str, list[str]] = defaultdict(list)
        for name in sorted(names):
            alike[name.casefold()].append(name)
        twins = [same for same in alike.values() if len(same) > 1]
        if twins:
            shown = "; ".join(" – ".join(same) for same in twins[:_NAMED])
            more = f" and {len(twins) - _NAMED} more" if len(twins) > _NAMED else ""
            found.append(
                f"Names of {what} that differ only in capital letters count as different {what}: {shown}{more}. "
                "Rename the files where one is meant."
            )
    return found


def without_common_case(masks: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of annotators who drew no case in common, in alphabetical order."""
    drawn = {str(name): set(rows["case_id"]) for name, rows in masks.groupby("annotator")}
    return [(one, other) for one, other in combinations(sorted(drawn), 2) if not drawn[one] & drawn[other]]
