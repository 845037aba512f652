"""Bars for long work: on the terminal's error stream, gone when it is done, absent where there is no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from irec_models.progress import Begin, Tick


def bars() -> Progress:
    """Bars of tasks with a number of steps, known or not."""
    screen = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )


def begin_in(shown: Progress) -> Begin:
    """What opens a bar for each task that begins."""

    def begin(name: str, total: int | None) -> Tick:
        task = shown.add_task(name, total=total)
        return lambda: shown.advance(task)

    return begin
