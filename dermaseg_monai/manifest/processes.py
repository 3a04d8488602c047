"""Many heavy things at once, each in a process of its own that may die without taking the others along."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import Progress, track

DIED: Final = "its process died: memory ran out, or a file crashes its decoder"
"""What is said of an item without a result."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def results_of(
    work: Callable[[Item], Result], items: Sequence[Item], *, title: str, workers: int | None, worth: int
) -> list[Result | None]:
    """Return the result for each item, in their order; None where the process died over it.

    Few items are worked on in this process, which is then sooner done.

    Args:
        work: what is done with an item.
        items: any number.
        title: of the bar.
        workers: processes at most; one per usable core when None.
        worth: so many items cost as much as the start of a process.
    """
    count = min(workers or usable_cores(), max(1, len(items) // worth))
    if count == 1:
        console = Console(stderr=True)
        return [
            work(item) for item in track(items, title, console=console, transient=True, disable=not console.is_terminal)
        ]
    numbered = in_processes(partial(_numbered, work), list(enumerate(items)), title=title, workers=count)
    found = {number: result for (number, _), result in numbered}
    return [found[number] for number in range(len(items))]


def in_processes(
    work: Callable[[Item], Result], items: Sequence[Item], *, title: str, workers: int
) -> Generator[tuple[Item, Result | None]]:
    """Yield each item with its result as it is done, in any order; None where the process died over it.

    What `work` raises is raised here. A bar on the terminal (stderr) shows how far it is. When this process is killed,
    its workers end too.
    """
    console = Console(stderr=True)
    waiting = deque(items)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=len(items))
        while waiting:
            lost: list[Item] = []
            for item, result in _until_one_dies(work, waiting, lost, workers):
                bar.advance(task)
                yield item, result
            for item in lost:  # one of these did it; alone it shows
                bar.advance(task)
                yield item, _alone(work, item)


def _numbered(work: Callable[[Item], Result], numbered: tuple[int, Item]) -> Result:
    return work(numbered[1])


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _until_one_dies(
    work: Callable[[Item], Result], waiting: deque[Item], lost: list[Item], workers: int
) -> Generator[tuple[Item, Result]]:
    """Work through `waiting`; when a worker dies, put what was begun into `lost` and return."""
    pool, running = _pool(workers), dict[Future[Result], Item]()
    try:
        while waiting or running:
            while waiting and len(running) < 2 * workers:
                running[pool.submit(work, waiting[0])] = waiting[0]
                waiting.popleft()
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                result = future.result()
                yield running.pop(future), result
    except BrokenProcessPool:
        lost += running.values()
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(work: Callable[[Item], Result], item: Item) -> Result | None:
    with _pool(1) as pool:
        try:
            return pool.submit(work, item).result()
        except BrokenProcessPool:
            return None


def _pool(workers: int) -> ProcessPoolExecutor:
    # a plain fork would copy the locks that the threads of this process hold
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_live_no_longer_than_the_parent)


def _live_no_longer_than_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says when to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # pyright: ignore[reportPrivateUsage]
