"""Progress reporting: a callback protocol, with progress bars for the terminal.

Work that takes long has a parameter ``progress``, a `Progress`, and opens a task of it with ``with``. Commands give
`Bars`; by default nobody looks (`silent`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Display
from rich.text import Text

T = TypeVar("T")


class Advance(Protocol):
    """How far a task is."""

    def __call__(self, amount: float = 1, /, *, note: str = "") -> None:
        """Advance by some steps; `note` is shown beside the bar."""


class Progress(Protocol):
    """Callable that opens a task."""

    def __call__(self, task: str, total: float | None = None, /, *, unit: str = "") -> AbstractContextManager[Advance]:
        """The task is over where the ``with`` block ends.

        Parameters
        ----------
        task : str
            What is done, for people.
        total : float or None
            How much there is to do; None where that is not known.
        unit : str
            Of the amounts: ``B`` for bytes, empty for what is counted.
        """


def _ignore(amount: float = 1, /, *, note: str = "") -> None:
    pass


@contextmanager
def silent(task: str, total: float | None = None, /, *, unit: str = "") -> Iterator[Advance]:
    """For when nobody looks."""
    yield _ignore


def tracked(items: Iterable[T], progress: Progress, task: str, total: int | None = None) -> Iterator[T]:
    """The same items, as a task that advances each time one is done with.

    Parameters
    ----------
    items : iterable
    progress : Progress
    task : str
    total : int or None
        How many there are; by default their number, where they have one.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with progress(task, total) as advance:
        for item in items:
            yield item
            advance()


class _Amount(ProgressColumn):
    """So much of so much."""

    def render(self, task: Task) -> Text:
        show = decimal if task.fields["unit"] == "B" else "{:,}".format
        whole = "" if task.total is None else f" of {show(int(task.total))}"
        return Text(show(int(task.completed)) + whole)


class Bars:
    """A bar for each open task on a terminal's error stream; nothing where that is no terminal.

    Attributes
    ----------
    console : Console
        What is printed there while bars are shown stands above them.
    """

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), TimeElapsedColumn(), TimeRemainingColumn())
        self._display = Display(
            *columns, console=self.console, transient=True, disable=not self.console.is_terminal, auto_refresh=True
        )
        self._open = 0

    @contextmanager
    def __call__(self, task: str, total: float | None = None, /, *, unit: str = "") -> Iterator[Advance]:
        """Show a bar until the ``with`` block ends."""
        if not self._open:
            self._display.start()
        self._open += 1
        bar = self._display.add_task(task, total=total, unit=unit)

        def advance(amount: float = 1, /, *, note: str = "") -> None:
            self._display.update(bar, advance=amount, description=f"{task}  {note}" if note else task)

        try:
            yield advance
        finally:
            self._display.remove_task(bar)
            self._open -= 1
            if not self._open:
                self._display.stop()
