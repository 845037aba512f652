"""Progress of a batch: a bar in a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from irec_live.cli.output import tell
from irec_live.gui.wording import clock_text

if TYPE_CHECKING:
    from irec_live.batch.items import Item, Outcome

_LINE_S = 30.0
"""Between two lines where there is no terminal."""


class BatchProgress:
    """How far a batch is, by the bytes of its files, how fast it goes, and when it will be done."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._sizes = {item.key: max(1, item.size_bytes) for item in items}
        self._total = sum(self._sizes.values())
        self._shares: dict[str, float] = {}
        self._worked = 0  # bytes of files that were analysed
        self._passed = 0  # and of those that were done before, or failed: they take no time
        self._files = 0
        self._sound_s = 0.0
        self._began_s = self._told_s = time.monotonic()
        self._bars: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        self._began_s = self._told_s = time.monotonic()
        if sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (BarColumn(), TextColumn("{task.description}"))
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bars.add_task(self.text(), total=self._total)
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away for as long as something is printed."""
        if self._bars is None:
            yield
            return
        self._bars.stop()
        yield
        self._bars.start()

    def show_share(self, key: str, share: float) -> None:
        """So much of a file is done."""
        self._shares[key] = share
        self._show()

    def show_outcome(self, item: Item, outcome: Outcome) -> None:
        """A file is done with."""
        self._shares.pop(item.key, None)
        self._files += 1
        if outcome.status == "done" and outcome.recording is not None:
            self._worked += self._sizes[item.key]
            self._sound_s += outcome.recording.duration_s
        else:
            self._passed += self._sizes[item.key]
        self._show()

    def text(self) -> str:
        """How far it is, in a few words."""
        elapsed_s = time.monotonic() - self._began_s
        text = f"{self._files} of {len(self._sizes)} files"
        if self._sound_s:
            text += f", {self._sound_s / max(elapsed_s, 1e-9):.3g} x real time"
        worked = self._worked + self._begun()
        if worked:
            left = self._total - self._worked - self._passed - self._begun()
            text += f", {clock_text(elapsed_s * left / worked)} left"
        return text

    def _begun(self) -> float:
        return sum(share * self._sizes[key] for key, share in self._shares.items())

    def _show(self) -> None:
        if self._bars is not None:
            done = self._worked + self._passed + self._begun()
            self._bars.update(self._task, completed=done, description=self.text())
        elif time.monotonic() - self._told_s >= _LINE_S:
            self._told_s = time.monotonic()
            tell(f"irec-live: {self.text()}")
