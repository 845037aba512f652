"""Thread-safe store of results over time: activations, envelopes, events, spectrogram, level.

One thread writes (the worker), any thread reads; neither blocks the other for longer than a list look-up. With a
`HistoryFile` all but the newest rows are on the disk, and hours take no more memory than minutes.

Shapes: K labels, R activation rows, M envelope rows, C spectrogram columns, F mel bands, W values in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.results import SILENCE_DB, SPECTROGRAM_FLOOR_DB, Event
from irec_live.streaming.event_store import EventStore
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.row_store import Times
from irec_live.streaming.row_summary import SummarisedRows

Array = npt.NDArray[np.float32]

_DB_STEPS = 255.0 / -SPECTROGRAM_FLOOR_DB
"""Steps per dB. Spectrogram columns are stored as one byte per band, 0.4 dB a step: three hours take 45 MB, not 180."""


VIEW_ROWS = 4096
"""Rows of a kind in a picture at most, of four neighbours at least a quarter as many: as fine as screens are."""

_ROWS_A_SLICE = 64
"""Where a slice of an overview has more rows, a summary of them is exact enough: its edges are."""


@dataclass(frozen=True, slots=True)
class TimelineView:
    """Copies of a time span of the timeline; for shapes and units see `Snapshot`, whose fields have the same names."""

    activation_times: Times
    activation: Array
    smoothed: Array
    envelope_times: Times
    envelope: Array
    detected: tuple[str, ...]
    events: tuple[Event, ...]
    spectrogram_times: Times
    spectrogram: Array
    level_db: float
    peak_db: float

    def fields(self) -> dict[str, Any]:
        """Values by name, the keyword arguments of a `Snapshot`."""
        return {name: getattr(self, name) for name in self.__slots__}

    def with_level(self, level_db: float, peak_db: float) -> TimelineView:
        """The same with the level of another moment."""
        return replace(self, level_db=level_db, peak_db=peak_db)


class Timeline:
    """Activations, envelopes, events, spectrogram and level over time.

    Parameters
    ----------
    labels : sequence of str
        The K labels.
    keep_s : float, optional
        Seconds after which results may be forgotten; None keeps everything.
    bands : int
        F.
    history : HistoryFile, optional
        Where rows that are no longer new are kept; None keeps them in memory. It is closed with the timeline.

    Raises
    ------
    ValueError
        No labels.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        keep_s: float | None = None,
        bands: int = 96,
        history: HistoryFile | None = None,
    ) -> None:
        if not labels:
            raise ValueError("a timeline needs labels")
        self.labels = tuple(labels)
        self.bands = bands
        self.keep_s = keep_s
        self._history = history
        count = len(self.labels)
        self._activations = SummarisedRows(2 * count, np.float32, keep_s, history)  # raw beside smoothed: same times
        self._envelopes = SummarisedRows(count, np.float32, keep_s, history)
        self._columns = SummarisedRows(bands, np.uint8, keep_s, history)
        self._levels = SummarisedRows(2, np.float32, keep_s, history)
        self._events = EventStore(keep_s)

    @property
    def problem(self) -> str:
        """Why older results are forgotten, a sentence; empty while everything is kept. Any thread."""
        return self._history.problem if self._history is not None else ""

    def close(self) -> None:
        """Give up the history file; what was moved there can no longer be read."""
        if self._history is not None:
            self._history.close()

    # ---- the writer's side

    def append_activations(self, times: Times, raw: Array, smoothed: Array) -> None:
        """Append windows: times (m,), activations (m, K) float32 before and after pooling. Writer's thread only."""
        self._activations.append(times, np.concatenate([raw, smoothed], axis=1))

    def append_envelope(self, times: Times, rows: Array) -> None:
        """Append final envelope frames: times (M,) float64, RMS (M, K) float32. Writer's thread only."""
        self._envelopes.append(times, rows)

    def append_spectrogram(self, times: Times, columns: Array) -> None:
        """Append log-mel columns: times (C,) float64, dB (C, F) float32. Writer's thread only."""
        inside = np.minimum(np.maximum(columns, np.float32(SPECTROGRAM_FLOOR_DB)), np.float32(0.0))
        steps = np.rint((inside - np.float32(SPECTROGRAM_FLOOR_DB)) * np.float32(_DB_STEPS))
        self._columns.append(times, steps.astype(np.uint8))

    def append_levels(self, times: Times, levels_db: Array) -> None:
        """Append input levels: times (n,) float64, RMS and peak in dBFS (n, 2) float32. Writer's thread only."""
        self._levels.append(times, levels_db)

    def append_events(self, ended: Sequence[Event], still_open: tuple[Event, ...]) -> None:
        """Append events that have ended, by offset, and set all that are open now. Writer's thread only."""
        self._events.append(ended, still_open)

    def replace_events(self, ended: Sequence[Event], still_open: tuple[Event, ...]) -> None:
        """Replace all events, after a threshold was moved. Writer's thread only."""
        self._events.replace(ended, still_open)

    def clear(self) -> None:
        """Forget everything. Writer's thread only."""
        for store in (self._activations, self._envelopes, self._columns, self._levels):
            store.clear()
        self.replace_events((), ())

    # ---- the readers' side

    def view(self, time_s: float, span_s: float, most: int | None = None) -> TimelineView:
        """Results between ``time_s - span_s`` and `time_s`. Any thread.

        Parameters
        ----------
        time_s : float
            End of the span.
        span_s : float
            Its length.
        most : int, optional
            Where more rows of a kind lie in the span, the highest of some neighbours stand for them.

        Returns
        -------
        TimelineView
            `detected` holds the labels that are lit at `time_s`, the strongest first.
        """
        from_s = time_s - span_s
        count = len(self.labels)
        activation_times, rows = self._activations.between(from_s, time_s, most)
        envelope_times, envelope = self._envelopes.between(from_s, time_s, most)
        column_times, columns = self._columns.between(from_s, time_s, most)
        level_db, peak_db = self.level(time_s)
        events = self.events(from_s, time_s)
        levels_db = columns.astype(np.float32)
        levels_db /= np.float32(_DB_STEPS)  # in place: each new array of this size is memory fresh from the system
        levels_db += np.float32(SPECTROGRAM_FLOOR_DB)
        return TimelineView(
            activation_times=activation_times,
            activation=rows[:, :count],
            smoothed=rows[:, count:],
            envelope_times=envelope_times,
            envelope=envelope,
            detected=self._detected_at(time_s, self.events(time_s, time_s)),
            events=events,
            spectrogram_times=column_times,
            spectrogram=levels_db,
            level_db=level_db,
            peak_db=peak_db,
        )

    def level(self, time_s: float) -> tuple[float, float]:
        """RMS and peak of the input, dBFS, measured last before a moment. Any thread."""
        row = self._levels.last_before(time_s)
        return (SILENCE_DB, SILENCE_DB) if row is None else (float(row[0]), float(row[1]))

    def _detected_at(self, time_s: float, events: Sequence[Event]) -> tuple[str, ...]:
        """Labels with an event that covers `time_s`, by their pooled activation at that time."""
        names = {e.label for e in events if e.onset_s <= time_s and (e.offset_s is None or time_s <= e.offset_s)}
        row = self._activations.last_before(time_s)
        if not names or row is None:
            return ()
        strength = dict(zip(self.labels, row[len(self.labels) :].tolist(), strict=True))
        return tuple(sorted((label for label in self.labels if label in names), key=lambda name: -strength[name]))

    def events(self, from_s: float = -np.inf, to_s: float = np.inf) -> tuple[Event, ...]:
        """Events that overlap the time span, by onset; open ones have no offset. Any thread."""
        return self._events.overlapping(from_s, to_s)

    def activations(self) -> tuple[Times, Array, Array]:
        """All activations kept: times (R,) float64; raw and pooled values, each (R, K) float32. Any thread."""
        times, rows = self._activations.between(-np.inf, np.inf)
        count = len(self.labels)
        return times, rows[:, :count], rows[:, count:]

    def activations_after(self, time_s: float) -> tuple[Times, Array]:
        """The next activations after a moment, so many as are read at once: times (R,) float64, values (R, K) float32.

        None if there are no later ones. Any thread.
        """
        times, rows = self._activations.rows.after(time_s)
        return times, rows[:, : len(self.labels)]

    def envelopes(self) -> tuple[Times, Array]:
        """All envelope frames kept: times (M,) float64, RMS (M, K) float32. Any thread."""
        return self._envelopes.between(-np.inf, np.inf)

    def peak_activation(self, edges_s: Times) -> Array:
        """Highest pooled activation of each label in each slice of time. Any thread.

        Parameters
        ----------
        edges_s : (P + 1,) float64
            Rising. Slice p is ``edges_s[p] <= time < edges_s[p + 1]``.

        Returns
        -------
        (P, K) float32
            0..1; NaN in slices without a window.
        """
        many = _ROWS_A_SLICE * (len(edges_s) - 1)
        times, rows = self._activations.between(float(edges_s[0]), float(edges_s[-1]), many)
        return _peaks(times, rows[:, len(self.labels) :], edges_s)

    def peak_level(self, edges_s: Times) -> Array:
        """Highest peak of the input, dBFS, in each slice of time: (P,) float32, NaN in slices without one. Any thread.

        Parameters
        ----------
        edges_s : (P + 1,) float64
            As for `peak_activation`.
        """
        many = _ROWS_A_SLICE * (len(edges_s) - 1)
        times, rows = self._levels.between(float(edges_s[0]), float(edges_s[-1]), many)
        return _peaks(times, rows[:, 1:], edges_s)[:, 0]


def _peaks(times: Times, rows: Array, edges_s: Times) -> Array:
    """Highest row of each slice, (P, W); NaN in slices without a row."""
    out = np.full((len(edges_s) - 1, rows.shape[1]), np.nan, np.float32)
    places = np.searchsorted(times, edges_s)
    filled = np.flatnonzero(np.diff(places))
    if filled.size:
        # Only at slices that hold rows: for an empty range `reduceat` returns the next element.
        out[filled] = np.maximum.reduceat(rows[: places[-1]], places[filled], axis=0)
    return out
