"""Many files at once, with a progress bar where somebody watches."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item], Result], items: Sequence[Item], *, title: str) -> list[Result]:
    """Return `work` of every item in their order; a bar on the terminal (stderr) shows how far it is.

    Threads are enough: hashing, reading and decoding release Python's lock.
    """
    console = Console(stderr=True)
    pool = ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1))
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            return list(bar.track(pool.map(work, items), total=len(items), description=title))
    finally:
        pool.shutdown(cancel_futures=True)
