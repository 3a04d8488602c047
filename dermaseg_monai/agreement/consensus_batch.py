"""Cases worked on by several processes, none of which can take the others along."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from dermaseg_monai.agreement.annotator_weights import AgainstOthers, against_others
from dermaseg_monai.agreement.consensus_case import Decided, decide, read_masks
from dermaseg_monai.agreement.consensus_rule import ConsensusRule
from dermaseg_monai.agreement.reading import ReadCase
from dermaseg_monai.errors import ImageError
from dermaseg_monai.manifest.processes import DIED, results_of

_WORTH_A_PROCESS: Final = 32
"""Cases; starting a process costs about as much as these."""


def decide_all(
    cases: Sequence[ReadCase], rule: ConsensusRule, out: Path, *, with_staple: bool, workers: int | None
) -> list[Decided]:
    """Decide every case, in the order of the cases; see `decide`.

    Only the masks of the cases in work are in memory. A case over which its process dies has failed.

    Raises:
        DataError: `out` cannot be written.
    """
    work = partial(decide, rule=rule, out=out, with_staple=with_staple)
    title = f"Consensus by {rule.method}"
    found = results_of(work, cases, title=title, workers=workers, worth=_WORTH_A_PROCESS)
    return [decided or _died(case) for case, decided in zip(cases, found, strict=True)]


def count_all(cases: Sequence[ReadCase], *, workers: int | None) -> dict[str, AgainstOthers]:
    """Return how every annotator agrees with the others, summed over cases; cases that cannot be read are left out."""
    # with everybody in it: one whose every case is unreadable fails there, not the whole batch
    total = {reading.annotator: AgainstOthers() for case in cases for reading in case.readings}
    title = "Counting sensitivity and specificity"
    for counted in results_of(count_case, cases, title=title, workers=workers, worth=_WORTH_A_PROCESS):
        for annotator, one in counted or ():
            total[annotator] += one
    return total


def count_case(case: ReadCase) -> list[tuple[str, AgainstOthers]]:
    """Return how each reader of a case agrees with the others; nothing for one reader or a mask that cannot be read."""
    try:
        masks = read_masks(case)
    except (ImageError, MemoryError):
        return []
    names = [reading.annotator for reading in case.voters]
    return list(zip(names, against_others(masks), strict=True)) if len(masks) > 1 else []


def _died(case: ReadCase) -> Decided:
    names = [reading.annotator for reading in case.voters]
    row = {"case_id": case.id, "readers": len(names), "annotators": "; ".join(names), "status": "failed"}
    return Decided(row | {"detail": DIED})
