"""Which cases a person should look at: the best, those in the middle, and the worst."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dermaseg_monai.metrics.case_row import CaseRow

Group = Literal["Best", "Median", "Worst"]


@dataclass(frozen=True)
class Ranked:
    """A case with its place; 1 is the best."""

    row: CaseRow
    rank: int
    of: int


def pick(rows: Iterable[CaseRow], count: int) -> dict[Group, list[Ranked]]:
    """Return up to `count` best, median and worst cases by Jaccard, no case twice; the worst begin with the worst.

    Ties are in the order of their ids. The median cases are those around the middle of the ranking. When there are not
    three times `count` cases, all are shown in three groups, of which the worst is the largest. Rows without a Jaccard
    take no part.

    Raises:
        ValueError: `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"count is {count}; give 1 or more.")
    scored = sorted(
        (row for row in rows if row.jaccard is not None), key=lambda row: (-(row.jaccard or 0), row.case_id)
    )
    n = len(scored)
    ranked = [Ranked(row, at + 1, n) for at, row in enumerate(scored)]
    best, median, worst = (min(count, (n + more) // 3) for more in (1, 0, 2))
    middle = best if n <= 3 * count else (n - median) // 2
    return {
        "Best": ranked[:best],
        "Median": ranked[middle : middle + median],
        "Worst": ranked[n - worst :][::-1],
    }
