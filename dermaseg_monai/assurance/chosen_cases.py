"""Which cases of a split a stress test takes when it does not take all."""

import hashlib
from collections.abc import Sequence

from dermaseg_monai.manifest import Case

RULE = "the cases whose ids have the smallest sha256"
"""How `--limit` chooses: by nothing that is in the pictures, the same on any machine, and 60 are among the 100."""


def choose_cases(cases: Sequence[Case], limit: int | None) -> tuple[Case, ...]:
    """Return up to `limit` cases by `RULE`, in the order of their ids; all of them where `limit` is None.

    Raises:
        ValueError: `limit` is below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; give 1 or more.")
    drawn = sorted(cases, key=lambda case: hashlib.sha256(case.id.encode()).hexdigest())[:limit]
    return tuple(sorted(drawn, key=lambda case: case.id))
