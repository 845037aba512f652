"""Summarised time series: the highest of 4, of 16, of 64 ... neighbouring rows beside the rows themselves.

A view of hours needs as many rows as the screen has pixels, not a million; taking the highest keeps the peaks. All
summaries together are a third as large as the rows.

Shapes: n rows, W values in a row, m rows that wait to be summarised.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.row_store import Rows, RowStore, Times

_FACTOR = 4
_LEVELS = 7
"""The coarsest summary has a row for 16 384: six minutes of spectrogram, and ten hours are a hundred of them."""


class _Rest:
    """Rows of one level that do not make a whole row of the next: their first and last times, and values."""

    __slots__ = ("count", "first_s", "last_s", "rows")

    def __init__(self, width: int, dtype: npt.DTypeLike) -> None:
        self.count = 0
        self.first_s, self.last_s = np.empty(_FACTOR - 1), np.empty(_FACTOR - 1)
        self.rows = np.empty((_FACTOR - 1, width), dtype)

    def add(self, first_s: Times, last_s: Times, rows: Rows) -> None:
        at = slice(self.count, self.count + len(rows))
        self.first_s[at], self.last_s[at], self.rows[at] = first_s, last_s, rows
        self.count = at.stop

    def held(self) -> tuple[Times, Times, Rows]:
        return self.first_s[: self.count], self.last_s[: self.count], self.rows[: self.count]


class SummarisedRows:
    """A `RowStore` with summaries of it. One thread appends, any thread reads.

    Parameters
    ----------
    width, dtype, keep_s, history
        As for `RowStore`.
    """

    def __init__(
        self,
        width: int,
        dtype: npt.DTypeLike = np.float32,
        keep_s: float | None = None,
        history: HistoryFile | None = None,
    ) -> None:
        self.rows = RowStore(width, dtype, keep_s, history)
        self._summaries = [RowStore(width, dtype, keep_s, history) for _ in range(_LEVELS)]
        self._dtype = np.dtype(dtype)
        # NB: rests are changed in place; who reads or changes them holds the lock, for no longer than that takes.
        self._lock = threading.Lock()
        self._rests = [_Rest(width, dtype) for _ in range(_LEVELS)]

    def __len__(self) -> int:
        """Number of rows, summaries not counted."""
        return len(self.rows)

    def append(self, times: Times, rows: npt.NDArray[Any]) -> None:
        """Append rows, (n, W), that are not older than those before. Writer's thread only."""
        self.rows.append(times, rows)
        first_s = last_s = np.asarray(times, np.float64)
        rows = rows.astype(self._dtype, copy=False)
        for rest, summary in zip(self._rests, self._summaries, strict=True):
            if rest.count + len(rows) < _FACTOR:  # live, three times of four
                with self._lock:
                    rest.add(first_s, last_s, rows)
                return
            if rest.count:
                before = rest.held()
                first_s, last_s = np.concatenate([before[0], first_s]), np.concatenate([before[1], last_s])
                rows = np.concatenate([before[2], rows])
            whole = len(rows) - len(rows) % _FACTOR
            left = first_s[whole:], last_s[whole:], rows[whole:]
            first_s, last_s = first_s[:whole:_FACTOR], last_s[_FACTOR - 1 : whole : _FACTOR]
            rows = rows[:whole].reshape(-1, _FACTOR, rows.shape[1]).max(axis=1)
            summary.append((first_s + last_s) / 2, rows)
            # NB: after the summary: a reader in between finds a rest that the summary holds, too.
            with self._lock:
                rest.count = 0
                rest.add(*left)

    def clear(self) -> None:
        """Forget all rows. Writer's thread only."""
        for store in (self.rows, *self._summaries):
            store.clear()
        with self._lock:
            for rest in self._rests:
                rest.count = 0

    def between(self, from_s: float, to_s: float, most: int | None = None) -> tuple[Times, Rows]:
        """Rows of a time span, or if there are more than about `most` of them, a summary. Any thread.

        Returns
        -------
        times : (n,) float64
            Of a summary the middle between its rows' first and last.
        rows : (n, W)
        """
        level, count = 0, 0 if most is None else self.rows.count(from_s, to_s)
        while most is not None and count > most and level < _LEVELS:
            level, count = level + 1, count // _FACTOR
        if level == 0:
            return self.rows.between(from_s, to_s)
        # NB: the rests first: what is summarised meanwhile is then found twice rather than not at all.
        newest = self._newest(level)
        times, rows = self._summaries[level - 1].between(from_s, to_s)
        if newest is not None:
            middle_s, row = newest
            if from_s <= middle_s <= to_s and (not times.size or times[-1] < middle_s):
                times, rows = np.append(times, middle_s), np.concatenate([rows, row[None]])
        return times, rows

    def _newest(self, level: int) -> tuple[float, Rows] | None:
        """Middle and highest values of the newest rows, not enough of them yet for one more row at a level."""
        with self._lock:
            held = [[part.copy() for part in rest.held()] for rest in self._rests[:level] if rest.count]
        if not held:
            return None
        middle_s = (min(first_s[0] for first_s, _, _ in held) + max(last_s[-1] for _, last_s, _ in held)) / 2
        return float(middle_s), np.concatenate([rows for _, _, rows in held]).max(axis=0)

    def last_before(self, time_s: float) -> Rows | None:
        """A copy of the newest row, (W,), that is not later than `time_s`; None if there is none. Any thread."""
        return self.rows.last_before(time_s)
