"""The outline of a whole file in a few hundred numbers, however long it is.

Shapes: n frames, C channels, P slices.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irec_live.results import Array
from irec_live.streaming.ring import Block

SLICES = 1200
"""P at least, as many as a wide window has pixels to spare; less than twice as many for lengths that were not known."""


class Waveform:
    """Lowest and highest sample of each slice, filled in from the start.

    A file that turns out longer than it said makes the slices twice as long, as often as needed.

    Parameters
    ----------
    samples : int or None
        Length of the file, if known.
    slices : int
        P.

    Examples
    --------
    >>> waveform = Waveform(4, slices=2)
    >>> waveform.add(np.array([[0.5], [-0.25], [1.0]], np.float32))
    >>> waveform.peaks().tolist()
    [[-0.25, 0.5], [1.0, 1.0]]
    """

    def __init__(self, samples: int | None, slices: int = SLICES) -> None:
        self._length = samples or 0
        self._slice = max(1, -(-self._length // slices))
        self._peaks = np.full((2 * slices, 2), np.nan, np.float32)
        self._filled = 0  # frames
        # NB: one writer, many readers; readers take the reference once and see a whole array of one moment's layout.
        self._view = (self._peaks, self._slice, self._length)

    @property
    def slice_samples(self) -> int:
        """Frames in a slice now."""
        return self._view[1]

    def add(self, block: Block) -> None:
        """Take the next frames, (n, C)."""
        low, high = block.min(axis=1), block.max(axis=1)
        at = 0
        while at < len(block):
            index = self._filled // self._slice
            if index >= len(self._peaks):
                self._double()
                continue
            count = min(len(block) - at, (index + 1) * self._slice - self._filled)
            self._peaks[index, 0] = np.fmin(self._peaks[index, 0], low[at : at + count].min())
            self._peaks[index, 1] = np.fmax(self._peaks[index, 1], high[at : at + count].max())
            at += count
            self._filled += count
        if self._filled > self._length:
            self._length = self._filled
        self._view = (self._peaks, self._slice, self._length)

    def finish(self) -> None:
        """The file ends here, whatever its header said."""
        self._length = self._filled
        self._view = (self._peaks, self._slice, self._length)

    def peaks(self) -> Block:
        """(P, 2) float32, NaN where nothing was added yet. Any thread."""
        peaks, per_slice, length = self._view
        return peaks[: max(1, -(-length // per_slice))].copy()

    def edges(self) -> npt.NDArray[np.int64]:
        """(P + 1,) first frame of each slice and the end of the last. Any thread."""
        _, per_slice, length = self._view
        return np.arange(max(1, -(-length // per_slice)) + 1, dtype=np.int64) * per_slice

    def _double(self) -> None:
        half = len(self._peaks) // 2
        peaks = np.full_like(self._peaks, np.nan)
        peaks[:half, 0] = np.fmin(self._peaks[0::2, 0], self._peaks[1::2, 0])
        peaks[:half, 1] = np.fmax(self._peaks[0::2, 1], self._peaks[1::2, 1])
        self._peaks = peaks
        self._slice *= 2


def hold_strips(strips: Array, *, whole: bool) -> Array:
    """Give slices that are shorter than a hop the value of the window before them (or of the first).

    Parameters
    ----------
    strips : (P, K) float32
        K labels; NaN in slices that hold no window's centre.
    whole : bool
        Whether the file is analysed to its end: the last window then stands for the rest too.
    """
    known = np.flatnonzero(~np.isnan(strips).all(axis=1))
    if not known.size:
        return strips
    last = len(strips) if whole else int(known[-1]) + 1
    source = known[np.maximum(0, np.searchsorted(known, np.arange(last), "right") - 1)]
    strips[:last] = strips[source]
    return strips
