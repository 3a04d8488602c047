"""How few groups are too few: below this number a bootstrap interval is too narrow to be a verdict."""

from typing import Final

LEAST_GROUPS: Final = 10
"""Lesions or patients (images, where nothing ties them) that a sentence on an interval needs; docs/metrics.md says
how often an interval of fewer holds the mean."""


def narrow_words(n_groups: int) -> tuple[str, ...]:
    """Return the note of a table whose intervals are of so few groups; of one group there is no interval to note."""
    if n_groups == 1 or n_groups >= LEAST_GROUPS:
        return ()
    return (f"Fewer than {LEAST_GROUPS} groups ({n_groups}): the interval is too narrow.",)
