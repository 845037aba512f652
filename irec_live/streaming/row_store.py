"""Append-only time series store: one thread appends rows, any thread reads them.

Rows are never changed once written, so a reader needs the lock only to look up which rows there are; it copies its
slice without blocking the writer.

Shapes: n rows, W values in a row.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]

_CHUNK_ROWS = 1024
"""Rows in a chunk, which is the unit of allocation and of forgetting; 100 s of activations at a hop of 100 ms."""


class RowStore:
    """Rows in the order of their times, in chunks of fixed size that are filled once and never moved.

    Parameters
    ----------
    width : int
        W.
    dtype : numpy dtype
        Of the values; times are float64.
    keep_s : float, optional
        Forget chunks whose rows are all older than the newest row by more than this; None keeps everything.
    """

    def __init__(self, width: int, dtype: npt.DTypeLike = np.float32, keep_s: float | None = None) -> None:
        self.width = width
        self._dtype = dtype
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._times: list[Times] = []
        self._rows: list[npt.NDArray[Any]] = []
        self._filled = _CHUNK_ROWS  # rows in the last chunk
        self._dropped = 0  # rows forgotten

    def __len__(self) -> int:
        """Number of rows held now."""
        with self._lock:
            return len(self._times) * _CHUNK_ROWS - (_CHUNK_ROWS - self._filled) if self._times else 0

    def append(self, times: Sequence[float] | Times, rows: npt.NDArray[Any]) -> None:
        """Append rows that are not older than those before. Writer's thread only.

        Parameters
        ----------
        times : (n,) float
            Seconds, not falling.
        rows : (n, W)
        """
        taken = 0
        while taken < len(times):
            if self._filled == _CHUNK_ROWS:
                self._start_chunk(float(times[taken]))
            count = min(len(times) - taken, _CHUNK_ROWS - self._filled)
            at = slice(self._filled, self._filled + count)
            self._times[-1][at] = times[taken : taken + count]
            self._rows[-1][at] = rows[taken : taken + count]
            taken += count
            # NB: rows become visible only here, when completely written; readers never look past `_filled`.
            with self._lock:
                self._filled += count

    def _start_chunk(self, newest_s: float) -> None:
        # Allocated outside the lock, which readers may be waiting for.
        times, rows = np.empty(_CHUNK_ROWS), np.empty((_CHUNK_ROWS, self.width), self._dtype)
        silent = bool(self._rows) and not self._rows[-1].any()
        with self._lock:
            if silent:  # hours of silence take no more room than a row
                self._rows[-1] = np.broadcast_to(np.zeros(self.width, self._dtype), rows.shape)
            self._times.append(times)
            self._rows.append(rows)
            self._filled = 0
            # NB: safe while a reader copies: it holds references of its own to the chunks it found.
            while self._keep_s is not None and len(self._times) > 1 and self._times[0][-1] < newest_s - self._keep_s:
                del self._times[0], self._rows[0]
                self._dropped += _CHUNK_ROWS

    def clear(self) -> None:
        """Forget all rows. Writer's thread only."""
        with self._lock:
            self._times, self._rows, self._filled, self._dropped = [], [], _CHUNK_ROWS, 0

    def between(self, from_s: float, to_s: float) -> tuple[Times, npt.NDArray[Any]]:
        """Copies of the rows with ``from_s <= time <= to_s``. Any thread.

        Returns
        -------
        times : (n,) float64
        rows : (n, W)
        """
        with self._lock:
            chunks, filled = list(zip(self._times, self._rows, strict=True)), self._filled
        times_found: list[Times] = [np.empty(0)]
        rows_found: list[npt.NDArray[Any]] = []
        low = _first_chunk(chunks, from_s)
        for index in range(low, len(chunks)):
            times, rows = chunks[index]
            if index == len(chunks) - 1:
                times = times[:filled]
            if not times.size or times[0] > to_s:
                break
            part = slice(int(np.searchsorted(times, from_s, "left")), int(np.searchsorted(times, to_s, "right")))
            times_found.append(times[part])
            rows_found.append(rows[part])
        found_times = np.concatenate(times_found)
        found_rows, at = np.zeros((len(found_times), self.width), self._dtype), 0
        for part_rows in rows_found:
            if part_rows.strides[0]:  # else they are all 0, and pages that nobody writes to take no memory
                found_rows[at : at + len(part_rows)] = part_rows
            at += len(part_rows)
        return found_times, found_rows

    def last_before(self, time_s: float) -> npt.NDArray[Any] | None:
        """A copy of the newest row, (W,), that is not later than `time_s`; None if there is none. Any thread."""
        with self._lock:
            chunks, filled = list(zip(self._times, self._rows, strict=True)), self._filled
        for index in range(min(_first_chunk(chunks, time_s) + 1, len(chunks)) - 1, -1, -1):
            times, rows = chunks[index]
            count = int(np.searchsorted(times[: filled if index == len(chunks) - 1 else None], time_s, "right"))
            if count:
                row: npt.NDArray[Any] = rows[count - 1].copy()
                return row
        return None


def _first_chunk(chunks: Sequence[tuple[Times, npt.NDArray[Any]]], time_s: float) -> int:
    """Binary search for the first chunk whose last time reaches `time_s`; the last chunk if there is none."""
    # Not `bisect`: the last chunk may be partly filled, so its last time means nothing and must not be looked at.
    low, high = 0, max(0, len(chunks) - 1)
    while low < high:
        middle = (low + high) // 2
        if chunks[middle][0][-1] < time_s:
            low = middle + 1
        else:
            high = middle
    return low
