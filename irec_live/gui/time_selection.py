"""Time selection: a span of the session that was marked, to be repeated, exported, or analysed again."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

SHORTEST_S = 0.25
"""Shorter ones clear the selection, seconds."""


class TimeSelection(QObject):
    """Holds at most one span. GUI thread only."""

    changed = Signal(object)
    """Carries (from, to) in seconds, or None."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._span: tuple[float, float] | None = None

    @property
    def span(self) -> tuple[float, float] | None:
        """Start and end in seconds; None where nothing is selected."""
        return self._span

    def select(self, one_s: float, other_s: float) -> None:
        """Select what lies between two moments, in either order; nothing where they are too close."""
        from_s, to_s = sorted((max(0.0, one_s), max(0.0, other_s)))
        self._set((from_s, to_s) if to_s - from_s >= SHORTEST_S else None)

    def clear(self) -> None:
        """Select nothing."""
        self._set(None)

    def _set(self, span: tuple[float, float] | None) -> None:
        if span != self._span:
            self._span = span
            self.changed.emit(span)
