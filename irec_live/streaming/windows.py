"""Streaming segmentation: a stream of samples in, overlapping windows out.

Only the worker's thread uses it.

Shapes: n samples in a block, T samples in a window.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_SPARE_WINDOWS = 3
"""Spare room in windows, so that the store is moved to its front once every few windows, not with every block."""


class Windower:
    """Cuts a stream into windows whose starts are multiples of the hop.

    Parameters
    ----------
    window_length : int
        T, samples in a window.
    hop_length : int
        Samples from the start of one window to that of the next; at most T, or samples would be left out.

    Raises
    ------
    ValueError
        Not ``1 <= hop_length <= window_length``.

    Examples
    --------
    >>> windower = Windower(4, 2)
    >>> [(window.tolist(), start) for window, start in windower.push(np.arange(7, dtype=np.float32))]
    [([0.0, 1.0, 2.0, 3.0], 0), ([2.0, 3.0, 4.0, 5.0], 2)]
    >>> [(window.tolist(), start) for window, start in windower.flush()]
    [([4.0, 5.0, 6.0, 0.0], 4)]
    """

    def __init__(self, window_length: int, hop_length: int) -> None:
        if not 1 <= hop_length <= window_length:
            raise ValueError(f"need 1 <= hop_length <= window_length, not {hop_length} and {window_length}")
        self.window_length = window_length
        self.hop_length = hop_length
        self._store = np.zeros((1 + _SPARE_WINDOWS) * window_length, np.float32)
        self.reset()

    @property
    def lag(self) -> int:
        """Samples from the first one of a window until the window is returned: its length."""
        return self.window_length

    @property
    def samples(self) -> int:
        """Samples taken so far."""
        return self._base + self._filled

    @property
    def next_end(self) -> int:
        """Absolute index of the sample behind the next window."""
        return self._next + self.window_length

    def reset(self) -> None:
        """Forget all samples and start again at index 0."""
        self._base = 0  # absolute index of the store's first sample
        self._filled = 0  # samples in the store
        self._next = 0  # absolute start of the next window

    def push(self, block: Samples) -> list[tuple[Samples, int]]:
        """Take the next samples.

        Parameters
        ----------
        block : (n,) float32

        Returns
        -------
        list of ((T,) float32, int)
            Every window that became complete, oldest first: a copy, with the absolute index of its first sample.
        """
        windows: list[tuple[Samples, int]] = []
        taken = 0
        while taken < block.size:
            if self._filled == self._store.size:
                self._drop_consumed()
            piece = block[taken : taken + self._store.size - self._filled]
            self._store[self._filled : self._filled + piece.size] = piece
            self._filled += piece.size
            taken += piece.size
            while self._next + self.window_length <= self.samples:
                windows.append(self._cut())
        return windows

    def flush(self, pad: bool = True) -> list[tuple[Samples, int]]:
        """End the stream. Call `reset` before the next `push`.

        Parameters
        ----------
        pad : bool
            Pad the last window with zeros, so that no sample is left out; otherwise drop the tail.

        Returns
        -------
        list of ((T,) float32, int)
            One window if some samples were in no window yet, else none.
        """
        covered = self._next - self.hop_length + self.window_length if self._next else 0
        if not pad or self.samples <= covered:
            return []
        missing = self._next + self.window_length - self.samples
        return self.push(np.zeros(missing, np.float32))

    def _cut(self) -> tuple[Samples, int]:
        """The next window, which must be complete."""
        start = self._next
        offset = start - self._base
        self._next += self.hop_length
        # Copied: windows wait, and other threads may read them while the store is overwritten.
        return self._store[offset : offset + self.window_length].copy(), start

    def _drop_consumed(self) -> None:
        """Move the samples that later windows need to the front of the store."""
        passed = self._next - self._base
        kept = self._filled - passed
        self._store[:kept] = self._store[passed : self._filled].copy()  # source and target may overlap
        self._base += passed
        self._filled = kept
