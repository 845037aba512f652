"""Events in the order of their offsets: one thread adds or replaces them, any thread asks for those of a time span."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from irec_live.results import Event

_FORGET_AT = 2048
"""So many events are looked through for old ones at once."""


class EventStore:
    """Ended events, and those that are still open.

    An event takes about 150 bytes: ten hours in which one ends every second take 6 MB, so all stay in memory.

    Parameters
    ----------
    keep_s : float, optional
        Events that ended longer ago than this may be forgotten; None keeps everything.
    """

    def __init__(self, keep_s: float | None = None) -> None:
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._ended: list[Event] = []
        self._spans: npt.NDArray[np.float64] = np.empty((64, 2))  # onset and offset; only the first of them are filled
        self._still_open: tuple[Event, ...] = ()
        self._last_onset_s = -np.inf  # of all that there ever were
        self._all: tuple[Event, ...] | None = ()  # made when it is asked for

    def append(self, ended: Sequence[Event], still_open: tuple[Event, ...]) -> None:
        """Add events that have ended, by offset, and set all that are open now. Writer's thread only."""
        # NB: in one step for readers: an event that ends would otherwise be seen twice, or not at all.
        with self._lock:
            if ended or still_open != self._still_open:
                self._all = None
            self._add(ended)
            self._open(still_open)

    def replace(self, ended: Sequence[Event], still_open: tuple[Event, ...]) -> None:
        """Replace all events. Writer's thread only."""
        with self._lock:
            self._ended, self._spans, self._all = [], np.empty((64, 2)), None
            self._last_onset_s = -np.inf
            self._add(ended)
            self._open(still_open)

    def all(self) -> tuple[Event, ...]:
        """All events, by onset; open ones have no offset. Any thread."""
        with self._lock:
            return self._made()

    def overlapping(self, from_s: float, to_s: float) -> tuple[Event, ...]:
        """Events that overlap a time span, by onset. Any thread."""
        with self._lock:
            spans = self._spans[: len(self._ended)]
            whole = not len(spans) or from_s <= spans[0, 1]  # no offset is earlier than the first
            if whole and self._last_onset_s <= to_s:
                return self._made()
            # Sorted by offset, not by onset: one that ends late may have begun before `to_s`.
            first = int(np.searchsorted(spans[:, 1], from_s, "left"))
            found = [self._ended[first + place] for place in np.flatnonzero(spans[first:, 0] <= to_s).tolist()]
            found += [event for event in self._still_open if event.onset_s <= to_s]
        return _by_onset(found)

    def _made(self) -> tuple[Event, ...]:
        if self._all is None:
            self._all = _by_onset([*self._ended, *self._still_open])
        return self._all

    def _add(self, ended: Sequence[Event]) -> None:
        count = len(self._ended)
        if count + len(ended) > len(self._spans):
            grown = np.empty((2 * (count + len(ended)), 2))
            grown[:count] = self._spans[:count]
            self._spans = grown
        for place, event in enumerate(ended, count):
            self._last_onset_s = max(self._last_onset_s, event.onset_s)
            self._spans[place] = event.onset_s, event.offset_s or 0.0
        self._ended.extend(ended)
        if self._keep_s is not None and len(self._ended) >= _FORGET_AT:
            newest_s = float(self._spans[len(self._ended) - 1, 1])
            old = int(np.searchsorted(self._spans[: len(self._ended), 1], newest_s - self._keep_s))
            self._spans, self._ended = self._spans[old:].copy(), self._ended[old:]

    def _open(self, still_open: tuple[Event, ...]) -> None:
        self._still_open = still_open
        for event in still_open:
            self._last_onset_s = max(self._last_onset_s, event.onset_s)


def _by_onset(events: list[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda event: event.onset_s))
