"""Cases worked on by several processes, none of which can take the others along."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import track

from dermaseg_monai.agreement.annotator_weights import AgainstOthers, against_others
from dermaseg_monai.agreement.consensus_case import Decided, Task, decide, read_masks
from dermaseg_monai.agreement.consensus_rule import ConsensusRule
from dermaseg_monai.errors import ImageError
from dermaseg_monai.manifest.processes import in_processes, usable_cores

_WORTH_A_PROCESS: Final = 32
"""Cases; starting a process costs about as much as these."""

Result = TypeVar("Result")


def decide_all(
    tasks: Sequence[Task], rule: ConsensusRule, out: Path, *, with_staple: bool, workers: int | None
) -> list[Decided]:
    """Decide every case, in the order of the tasks; see `decide`.

    Only the masks of the cases in work are in memory. A case over which its process dies has failed.

    Raises:
        DataError: `out` cannot be written.
    """
    work = partial(decide, rule=rule, out=out, with_staple=with_staple)
    found = {task.case.id: decided for task, decided in _results(work, tasks, f"Consensus by {rule.method}", workers)}
    return [found[task.case.id] or _died(task) for task in tasks]


def count_all(tasks: Sequence[Task], *, workers: int | None) -> dict[str, AgainstOthers]:
    """Return how every annotator agrees with the others, summed over cases; cases that cannot be read are left out."""
    # with everybody in it: one whose every case is unreadable fails there, not the whole batch
    total = {reading.annotator: AgainstOthers() for task in tasks for reading in task.case.readings}
    for _, counted in _results(count_case, tasks, "Counting sensitivity and specificity", workers):
        for annotator, one in counted or ():
            total[annotator] += one
    return total


def count_case(task: Task) -> list[tuple[str, AgainstOthers]]:
    """Return how each reader of a case agrees with the others; nothing for one reader or a mask that cannot be read."""
    try:
        masks = read_masks(task)
    except (ImageError, MemoryError):
        return []
    names = [reading.annotator for reading in task.case.voters]
    return list(zip(names, against_others(masks), strict=True)) if len(masks) > 1 else []


def _results(
    work: Callable[[Task], Result], tasks: Sequence[Task], title: str, workers: int | None
) -> Iterator[tuple[Task, Result | None]]:
    count = min(workers or usable_cores(), max(1, len(tasks) // _WORTH_A_PROCESS))
    if count > 1:
        yield from in_processes(work, tasks, title=title, workers=count)
        return
    console = Console(stderr=True)
    for task in track(tasks, title, console=console, transient=True, disable=not console.is_terminal):
        yield task, work(task)


def _died(task: Task) -> Decided:
    names = [reading.annotator for reading in task.case.voters]
    row = {"case_id": task.case.id, "readers": len(names), "annotators": "; ".join(names), "status": "failed"}
    return Decided(row | {"detail": "its process died: memory ran out, or a mask crashes its decoder"})
