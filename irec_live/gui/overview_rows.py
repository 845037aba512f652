"""Rows of the overview: which instrument is where, how high the rows are, how far they are scrolled. No widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

LOWEST, TALLEST = 12.0, 16.0
"""Height of a row in pixels: lower ones could not be read."""


@dataclass(slots=True)
class OverviewRows:
    """Rows of equal height in an area that may be too low for all of them; then it scrolls.

    Attributes
    ----------
    labels : list of str
        From top to bottom.
    top, room : float
        Where the area begins, and its height, pixels.
    offset : float
        Pixels that are scrolled out of it at the top.

    Examples
    --------
    >>> rows = OverviewRows(["flute", "piano", "violin"], top=50.0, room=24.0)
    >>> rows.height, rows.hidden, rows.label_at(63.0), rows.label_at(80.0)
    (12.0, 12.0, 'piano', None)
    >>> rows.scroll(100.0), rows.label_at(63.0), rows.top_of("flute")
    (True, 'violin', 38.0)
    """

    labels: list[str] = field(default_factory=list)
    top: float = 0.0
    room: float = 0.0
    offset: float = 0.0

    @property
    def height(self) -> float:
        """Height of a row."""
        return min(TALLEST, max(LOWEST, self.room / max(1, len(self.labels))))

    @property
    def hidden(self) -> float:
        """Pixels that do not fit into the area."""
        return max(0.0, len(self.labels) * self.height - self.room)

    def show(self, labels: Sequence[str]) -> None:
        """Have other labels in the rows."""
        self.labels = list(labels)
        self.scroll(0.0)

    def scroll(self, by: float) -> bool:
        """Scroll by so many pixels, as far as there is something; whether anything moved."""
        former, self.offset = self.offset, min(max(0.0, self.offset + by), self.hidden)
        return former != self.offset

    def reveal(self, label: str) -> None:
        """Scroll until a row is in the area."""
        top = self.top_of(label)
        if top < self.top:
            self.scroll(top - self.top)
        elif top + self.height > self.top + self.room:
            self.scroll(top + self.height - self.top - self.room)

    def top_of(self, label: str) -> float:
        """Upper edge of a label's row, maybe outside of the area."""
        return self.top + self.labels.index(label) * self.height - self.offset

    def label_at(self, y: float) -> str | None:
        """The label whose row is at this height."""
        row = int((y - self.top + self.offset) // self.height)
        return self.labels[row] if self.top <= y < self.top + self.room and 0 <= row < len(self.labels) else None
