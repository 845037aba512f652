"""Summarised time series: the highest of 4, of 16, of 64 ... neighbouring rows beside the rows themselves.

A view of hours needs as many rows as the screen has pixels, not a million; taking the highest keeps the peaks. All
summaries together are a third as large as the rows.

Shapes: n rows, W values in a row, m rows that wait to be summarised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.row_store import Rows, RowStore, Times

_FACTOR = 4
_LEVELS = 7
"""The coarsest summary has a row for 16 384: six minutes of spectrogram, and ten hours are a hundred of them."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """Rows of one level that do not make a whole row of the next: their first and last times, and values."""

    first_s: Times
    last_s: Times
    rows: Rows


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
        self._nothing = _Rest(np.empty(0), np.empty(0), np.empty((0, width), dtype))
        self._rests = [self._nothing] * _LEVELS

    def __len__(self) -> int:
        """Number of rows, summaries not counted."""
        return len(self.rows)

    def append(self, times: Times, rows: npt.NDArray[Any]) -> None:
        """Append rows, (n, W), that are not older than those before. Writer's thread only."""
        self.rows.append(times, rows)
        first_s = last_s = np.asarray(times, np.float64)
        for level, summary in enumerate(self._summaries):
            rest = self._rests[level]
            first_s, last_s = np.concatenate([rest.first_s, first_s]), np.concatenate([rest.last_s, last_s])
            rows = np.concatenate([rest.rows, rows.astype(rest.rows.dtype, copy=False)])
            whole = len(rows) - len(rows) % _FACTOR
            left = _Rest(first_s[whole:].copy(), last_s[whole:].copy(), rows[whole:].copy())
            first_s, last_s = first_s[:whole:_FACTOR], last_s[_FACTOR - 1 : whole : _FACTOR]
            rows = rows[:whole].reshape(-1, _FACTOR, rows.shape[1]).max(axis=1)
            if whole:
                summary.append((first_s + last_s) / 2, rows)
            # NB: one reference, after the summary: a reader in between finds a rest that the summary holds, too.
            self._rests[level] = left
            if not whole:
                return

    def clear(self) -> None:
        """Forget all rows. Writer's thread only."""
        for store in (self.rows, *self._summaries):
            store.clear()
        self._rests = [self._nothing] * _LEVELS

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
        rests = [rest for rest in self._rests[:level] if len(rest.rows)]
        times, rows = self._summaries[level - 1].between(from_s, to_s)
        if rests:  # the newest, not enough of them yet for one more row
            middle_s = (min(rest.first_s[0] for rest in rests) + max(rest.last_s[-1] for rest in rests)) / 2
            if from_s <= middle_s <= to_s and (not times.size or times[-1] < middle_s):
                newest = np.max([rest.rows.max(axis=0) for rest in rests], axis=0)
                times, rows = np.append(times, middle_s), np.concatenate([rows, newest[None]])
        return times, rows

    def last_before(self, time_s: float) -> Rows | None:
        """A copy of the newest row, (W,), that is not later than `time_s`; None if there is none. Any thread."""
        return self.rows.last_before(time_s)
