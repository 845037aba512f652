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

    first_s: tuple[float, ...] = ()
    last_s: tuple[float, ...] = ()
    rows: tuple[Rows, ...] = ()

    def with_more(self, first_s: Times, last_s: Times, rows: Rows) -> _Rest:
        return _Rest(
            (*self.first_s, *first_s.tolist()), (*self.last_s, *last_s.tolist()), (*self.rows, *map(np.copy, rows))
        )


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
        self._rests = [_Rest()] * _LEVELS

    def __len__(self) -> int:
        """Number of rows, summaries not counted."""
        return len(self.rows)

    def append(self, times: Times, rows: npt.NDArray[Any]) -> None:
        """Append rows, (n, W), that are not older than those before. Writer's thread only."""
        self.rows.append(times, rows)
        first_s = last_s = np.asarray(times, np.float64)
        rows = rows.astype(self._dtype, copy=False)
        for level, summary in enumerate(self._summaries):
            rest = self._rests[level]
            if len(rest.rows) + len(rows) < _FACTOR:  # live, three times of four
                self._rests[level] = rest.with_more(first_s, last_s, rows)
                return
            if rest.rows:
                first_s, last_s = np.concatenate([rest.first_s, first_s]), np.concatenate([rest.last_s, last_s])
                rows = np.concatenate([rest.rows, rows])
            whole = len(rows) - len(rows) % _FACTOR
            left = _Rest().with_more(first_s[whole:], last_s[whole:], rows[whole:])
            first_s, last_s = first_s[:whole:_FACTOR], last_s[_FACTOR - 1 : whole : _FACTOR]
            rows = rows[:whole].reshape(-1, _FACTOR, rows.shape[1]).max(axis=1)
            summary.append((first_s + last_s) / 2, rows)
            # NB: one reference, after the summary: a reader in between finds a rest that the summary holds, too.
            self._rests[level] = left

    def clear(self) -> None:
        """Forget all rows. Writer's thread only."""
        for store in (self.rows, *self._summaries):
            store.clear()
        self._rests = [_Rest()] * _LEVELS

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
        rests = [rest for rest in self._rests[:level] if rest.rows]
        times, rows = self._summaries[level - 1].between(from_s, to_s)
        if rests:  # the newest, not enough of them yet for one more row
            middle_s = (min(rest.first_s[0] for rest in rests) + max(rest.last_s[-1] for rest in rests)) / 2
            if from_s <= middle_s <= to_s and (not times.size or times[-1] < middle_s):
                newest = np.max([row for rest in rests for row in rest.rows], axis=0)
                times, rows = np.append(times, middle_s), np.concatenate([rows, newest[None]])
        return times, rows

    def last_before(self, time_s: float) -> Rows | None:
        """A copy of the newest row, (W,), that is not later than `time_s`; None if there is none. Any thread."""
        return self.rows.last_before(time_s)
