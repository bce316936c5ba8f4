"""How far ``listen`` has come: a bar on standard error with the time left, on a terminal and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LONG_SECONDS = 60.0
Advance = Callable[[float], None]


@contextmanager
def progress_of_one(duration: float | None, *, quiet: bool) -> Iterator[Advance]:
    """A function that takes the position in a recording of ``duration`` seconds. A short one, or one of unknown length,
    has no bar, and neither has any that is ``quiet``."""
    shown = not quiet and sys.stderr.isatty() and duration is not None and duration >= LONG_SECONDS
    with _bar(shown) as progress:
        task = progress.add_task("listening", total=duration)
        yield lambda position: progress.update(task, completed=position)


@contextmanager
def progress_of_many(count: int, *, quiet: bool) -> Iterator[Callable[[int, Path], Callable[[float | None], Advance]]]:
    """A function that takes the number and name of a recording, then its length, then the position in it."""
    with _bar(not quiet and sys.stderr.isatty()) as progress:
        task = progress.add_task("listening", total=count)

        def begin(number: int, path: Path) -> Callable[[float | None], Advance]:
            progress.update(task, completed=number, description=f"{number + 1} of {count}  {path.name[:40]}")
            return lambda duration: (
                lambda position: progress.update(
                    task, completed=number + min(position / duration, 1.0) if duration else number
                )
            )

        yield begin


def _bar(shown: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    # Left to itself, rich would take what is printed meanwhile to the bar's stream: JSON that belongs into a file.
    return Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not shown,
        redirect_stdout=False,
        redirect_stderr=False,
    )
