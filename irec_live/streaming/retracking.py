"""Retracking: the events of all activations so far are found anew, a few rows at a time while more rows come.

A threshold that moves is to count for the past, too. Of hours that takes seconds, for which live sound does not wait.

Shapes: K labels, R rows (one per window).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from irec_live.results import Event
from irec_live.streaming.decisions import pooled_windows
from irec_live.streaming.timeline import Timeline
from irec_live.streaming.tracker import LabelTracker


class Retracking:
    """Runs a tracker of its own over the rows of a timeline. Writer's thread only.

    Parameters
    ----------
    timeline : Timeline
    tracker : LabelTracker
        New, with the decisions to find events by.
    restarts : sequence of float
        Seconds at which the stream began anew after a long gap, rising; all events end there. It may grow meanwhile.
    """

    def __init__(self, timeline: Timeline, tracker: LabelTracker, restarts: Sequence[float]) -> None:
        self.tracker = tracker
        self._timeline, self._restarts = timeline, restarts
        self._found: list[Event] = []
        self._passed = 0  # restarts
        self._reached_s = -np.inf
        self._times: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
        self._rows = np.zeros((0, len(timeline.labels)), np.float32)  # read, and not tracked yet
        self._next = 0  # of them

    def work(self, most: int | None = None) -> bool:
        """Track the next rows, at most so many; whether there are no more of them now."""
        tracked = 0
        while most is None or tracked < most:
            if self._next == len(self._rows) and not self._read():
                self._restart(np.inf)
                return True
            tracked += self._track(len(self._rows) if most is None else most - tracked)
        return False

    def events(self) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        """Events that have ended, by offset, and those that are open at the last row.

        Those in the timeline of which no row is left stay as they are: of results that could not be kept.
        """
        ended = sorted((*self._without_rows(), *self._found), key=lambda event: event.offset_s or 0.0)
        return tuple(ended), self.tracker.open_events()

    def _without_rows(self) -> list[Event]:
        times = np.concatenate([*self._times, np.empty(0)])
        around_s = (
            1 + pooled_windows(self.tracker.settings, self.tracker.hop_s)
        ) * self.tracker.hop_s  # onset and offset lie between rows
        former = [event for event in self._timeline.events() if event.offset_s is not None]
        first = np.searchsorted(times, [event.onset_s - around_s for event in former])
        last = np.searchsorted(times, [(event.offset_s or 0.0) + around_s for event in former], "right")
        return [former[index] for index in np.flatnonzero(first == last)]

    def _read(self) -> bool:
        """Read the next rows of the timeline; whether there are any."""
        times, self._rows = self._timeline.activations_after(self._reached_s)
        self._next = 0
        if not len(times):
            return False
        self._times.append(times)
        self._reached_s = float(times[-1])
        return True

    def _track(self, most: int) -> int:
        """Track the next rows, at most so many, up to the next restart; their number."""
        times = self._times[-1]
        self._restart(float(times[self._next]))
        end = min(len(times), self._next + most)
        if self._passed < len(self._restarts):
            end = min(end, int(np.searchsorted(times, self._restarts[self._passed])))
        part = slice(self._next, end)
        self._found += self.tracker.push_rows(times[part], self._rows[part]).ended
        self._next = end
        return part.stop - part.start

    def _restart(self, time_s: float) -> None:
        """End all events at the restarts up to a moment."""
        while self._passed < len(self._restarts) and self._restarts[self._passed] <= time_s:
            self._passed += 1
            self._found += self.tracker.flush()
            self.tracker.reset()
