"""The intervals of a study: a percentile bootstrap over groups of images, and what is said of one from few groups."""

from collections.abc import Mapping
from typing import Final

from dermaseg_monai.metrics.least_groups import LEAST_GROUPS

CONFIDENCE: Final = 0.95
DRAWS: Final = 2000


TOO_NARROW: Final = (
    f"fewer than {LEAST_GROUPS} lesions or patients (images, where neither is known): the interval is too narrow"
)


def is_too_narrow(n_groups: int) -> bool:
    """Say whether an interval over so many groups is there and promises more than it can hold; one group has none."""
    return 1 < n_groups < LEAST_GROUPS


def too_narrow(groups: Mapping[str, int]) -> list[str]:
    """Return a sentence on the rows of a table whose intervals come from few groups; nothing where there is none."""
    few = [name for name, count in groups.items() if is_too_narrow(count)]
    return [f"{', '.join(few)}: {TOO_NARROW}."] if few else []
