"""Append-only time series store: one thread appends rows, any thread reads them.

Rows are never changed once written, so a reader needs the lock only to look up which rows there are; it copies its
slice without blocking the writer. With a `HistoryFile`, rows that are no longer new are kept there.

Shapes: n rows, W values in a row.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.streaming.history_file import HistoryFile, mapped_zeros

Times = npt.NDArray[np.float64]
Rows = npt.NDArray[Any]

_CHUNK_ROWS = 1024
"""Rows in a chunk, which is the unit of allocation, of forgetting and of moving to the disk; 100 s of activations at a
hop of 100 ms."""

_LARGE_BYTES = 32 << 20
"""Copies from a history file that are larger than this stay on the disk, mapped into memory as they are looked at."""

_WITHOUT_DISK_S = 600.0
"""With a history file that can no longer be written, so much is kept in memory."""


class _Chunk:
    """Rows with their times, in memory or, once full, in a history file."""

    __slots__ = ("_file", "_held", "_offset", "_shape", "first_s", "last_s")

    def __init__(self, width: int, dtype: npt.DTypeLike) -> None:
        self._held: tuple[Times, Rows] | None = np.empty(_CHUNK_ROWS), np.empty((_CHUNK_ROWS, width), dtype)
        self._shape = width, np.dtype(dtype)
        self._file: HistoryFile | None = None
        self._offset = -1
        self.first_s = self.last_s = np.inf  # of a chunk that is full

    @property
    def in_memory(self) -> bool:
        return self._held is not None

    def seal(self, file: HistoryFile | None) -> None:
        """Nothing more will be written to it. Writer's thread only."""
        if self._held is None:
            return
        times, rows = self._held
        self.first_s, self.last_s = float(times[0]), float(times[-1])
        if not rows.any():  # hours of silence take no more room than a row
            self._held = times, np.broadcast_to(np.zeros(rows.shape[1], rows.dtype), rows.shape)
        if file is not None:
            self._file = file
            file.move(self)

    def arrays(self) -> tuple[Rows, ...]:
        """What goes into the file: not the rows of silence."""
        if self._held is None:
            return ()
        times, rows = self._held
        return (times, rows) if rows.strides[0] else (times,)

    def moved(self, offset: int) -> None:
        """It is in the file, from this byte on."""
        held = self._held
        silent = held is not None and not held[1].strides[0]
        # NB: the offset first: a reader that finds nothing in memory looks into the file.
        self._offset = offset if not silent else -2 - offset
        self._held = None

    def load(self) -> tuple[Times, Rows]:
        """Times and rows; none if the file is gone. Any thread."""
        held = self._held
        if held is not None:
            return held
        width, dtype = self._shape
        times, rows = np.empty(_CHUNK_ROWS), np.zeros((_CHUNK_ROWS, width), dtype)
        silent = self._offset < -1
        wanted: tuple[Rows, ...] = (times,) if silent else (times, rows)
        found = self._file.read(-2 - self._offset if silent else self._offset, wanted) if self._file else None
        if found is None:
            return np.empty(0), np.zeros((0, width), dtype)
        return found[0], np.broadcast_to(rows[0], rows.shape) if silent else found[1]


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
    history : HistoryFile, optional
        Where full chunks are kept; None keeps them in memory.
    """

    def __init__(
        self,
        width: int,
        dtype: npt.DTypeLike = np.float32,
        keep_s: float | None = None,
        history: HistoryFile | None = None,
    ) -> None:
        self.width = width
        self._dtype = dtype
        self._keep_s = keep_s
        self._history = history
        self._lock = threading.Lock()
        self._chunks: list[_Chunk] = []
        self._filled = _CHUNK_ROWS  # rows in the last chunk

    def __len__(self) -> int:
        """Number of rows held now."""
        with self._lock:
            return len(self._chunks) * _CHUNK_ROWS - (_CHUNK_ROWS - self._filled) if self._chunks else 0

    @property
    def in_memory(self) -> int:
        """Number of chunks that are in memory."""
        with self._lock:
            return sum(chunk.in_memory for chunk in self._chunks)

    def append(self, times: Sequence[float] | Times, rows: Rows) -> None:
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
            chunk_times, chunk_rows = self._chunks[-1].load()
            chunk_times[at] = times[taken : taken + count]
            chunk_rows[at] = rows[taken : taken + count]
            taken += count
            # NB: rows become visible only here, when completely written; readers never look past `_filled`.
            with self._lock:
                self._filled += count

    def _start_chunk(self, newest_s: float) -> None:
        # Allocated outside the lock, which readers may be waiting for.
        chunk = _Chunk(self.width, self._dtype)
        if self._chunks:
            self._chunks[-1].seal(self._history)
        oldest_s = -np.inf if self._keep_s is None else newest_s - self._keep_s
        with self._lock:
            self._chunks.append(chunk)
            self._filled = 0
            # NB: safe while a reader copies: it holds references of its own to the chunks it found.
            while len(self._chunks) > 1 and self._chunks[0].last_s < oldest_s:
                del self._chunks[0]
            if self._history is not None and self._history.problem:
                oldest_s = newest_s - _WITHOUT_DISK_S
                self._chunks = [one for one in self._chunks if not (one.in_memory and one.last_s < oldest_s)]

    def clear(self) -> None:
        """Forget all rows. Writer's thread only."""
        with self._lock:
            self._chunks, self._filled = [], _CHUNK_ROWS

    def count(self, from_s: float, to_s: float) -> int:
        """About how many rows lie in a time span; it reads none. Any thread."""
        chunks, filled = self._found()
        total = 0.0
        for index in range(_first_chunk(chunks, from_s), _first_chunk(chunks, to_s) + 1 if chunks else 0):
            chunk = chunks[index]
            if index == len(chunks) - 1:
                total += filled
            elif chunk.last_s > chunk.first_s:
                covered_s = min(to_s, chunk.last_s) - max(from_s, chunk.first_s)
                total += _CHUNK_ROWS * min(1.0, max(0.0, covered_s / (chunk.last_s - chunk.first_s)))
        return round(total)

    def between(self, from_s: float, to_s: float) -> tuple[Times, Rows]:
        """Copies of the rows with ``from_s <= time <= to_s``. Any thread.

        Returns
        -------
        times : (n,) float64
        rows : (n, W)
        """
        chunks, filled = self._found()
        first, last = _first_chunk(chunks, from_s), len(chunks)
        while last > first + 1 and chunks[last - 2].last_s > to_s:
            last -= 1
        if last - first == 1:  # live, nearly always
            times, rows, part = self._part(chunks, filled, first, from_s, to_s)
            return times[part].copy(), rows[part].copy()
        times_found, rows_found = self._room((last - first) * _CHUNK_ROWS)
        at = 0
        for index in range(first, last):  # one at a time: a copy of many hours must not need their memory twice
            times, rows, part = self._part(chunks, filled, index, from_s, to_s)
            end = at + max(0, part.stop - part.start)
            times_found[at:end] = times[part]
            if rows.strides[0]:  # else they are all 0, and pages that nobody writes to take no memory
                rows_found[at:end] = rows[part]
            at = end
        return times_found[:at], rows_found[:at]

    @staticmethod
    def _part(
        chunks: Sequence[_Chunk], filled: int, index: int, from_s: float, to_s: float
    ) -> tuple[Times, Rows, slice]:
        """A chunk's times and rows, and which of them lie in a time span."""
        times, rows = chunks[index].load()
        if index == len(chunks) - 1:
            times = times[:filled]
        return times, rows, slice(int(times.searchsorted(from_s)), int(times.searchsorted(to_s, "right")))

    def after(self, time_s: float) -> tuple[Times, Rows]:
        """Copies of the oldest rows later than a moment: those of one chunk. None if there are none. Any thread.

        Returns
        -------
        times : (n,) float64
        rows : (n, W)
        """
        chunks, filled = self._found()
        for index in range(_first_chunk(chunks, time_s), len(chunks)):
            times, rows = chunks[index].load()
            if index == len(chunks) - 1:
                times, rows = times[:filled], rows[:filled]
            first = int(np.searchsorted(times, time_s, "right"))
            if first < len(times):
                return times[first:].copy(), rows[first:].copy()
        return np.empty(0), np.zeros((0, self.width), self._dtype)

    def _room(self, count: int) -> tuple[Times, Rows]:
        """Zeros for so many times and rows, in a file without a name where they are many and older ones are in one."""
        shape = count, self.width
        if self._history is not None and count * self.width * np.dtype(self._dtype).itemsize > _LARGE_BYTES:
            return mapped_zeros((count,), np.float64), mapped_zeros(shape, self._dtype)
        return np.zeros(count), np.zeros(shape, self._dtype)

    def last_before(self, time_s: float) -> Rows | None:
        """A copy of the newest row, (W,), that is not later than `time_s`; None if there is none. Any thread."""
        chunks, filled = self._found()
        for index in range(min(_first_chunk(chunks, time_s) + 1, len(chunks)) - 1, -1, -1):
            times, rows = chunks[index].load()
            count = int(times[: filled if index == len(chunks) - 1 else None].searchsorted(time_s, "right"))
            if count:
                row: Rows = rows[count - 1].copy()
                return row
        return None

    def _found(self) -> tuple[list[_Chunk], int]:
        """The chunks there are now, and how many rows the last of them holds."""
        with self._lock:
            return list(self._chunks), self._filled


def _first_chunk(chunks: Sequence[_Chunk], time_s: float) -> int:
    """Binary search for the first chunk whose last time reaches `time_s`; the last chunk if there is none."""
    low, high = 0, max(0, len(chunks) - 1)
    while low < high:
        middle = (low + high) // 2
        if chunks[middle].last_s < time_s:
            low = middle + 1
        else:
            high = middle
    return low
