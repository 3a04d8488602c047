"""A progress bar in bytes, where somebody watches."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


@contextmanager
def byte_bar(title: str, total_bytes: int | None, *, done_bytes: int = 0) -> Generator[Callable[[int], None]]:
    """Show a bar on the terminal (stderr) and yield a function that moves it on; threads may call it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    speed = (TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, *speed, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total_bytes, completed=done_bytes)
        yield lambda n_bytes: progress.advance(task, n_bytes)
