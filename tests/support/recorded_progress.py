"""A `Progress` that records what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from irec_models.progress import Advance


@dataclass
class RecordedProgress:
    """Amounts by task, in the order in which tasks were opened; totals, where they were known."""

    done: dict[str, list[float]] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, task: str, total: float | None = None, /, *, unit: str = "") -> Iterator[Advance]:
        amounts = self.done.setdefault(task, [])
        if total is not None:
            self.totals[task] = total

        def advance(amount: float = 1, /, *, note: str = "") -> None:
            amounts.append(amount)

        yield advance
