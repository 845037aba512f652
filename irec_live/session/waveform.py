"""Waveform overview: the minimum and maximum of each slice of a file, in bounded memory.

Shapes: n samples of each channel, C channels, P slices.
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

    If a file is longer than its header states, the slices are made twice as long, as often as needed.

    Parameters
    ----------
    samples : int or None
        Length of the file in samples of each channel, if known.
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
        self._filled = 0  # samples of each channel
        # NB: one writer, many readers, who take this reference once: array and slice length then belong together.
        self._view = (self._peaks, self._slice, self._length)

    @property
    def slice_samples(self) -> int:
        """Samples of each channel in a slice; grows with a file of unknown length."""
        return self._view[1]

    def add(self, block: Block) -> None:
        """Take the next samples, (n, C) float32."""
        low, high = block.min(axis=1), block.max(axis=1)
        at = 0
        while at < len(block):
            index = self._filled // self._slice
            if index >= len(self._peaks):
                self._double()
                continue
            count = min(len(block) - at, (index + 1) * self._slice - self._filled)
            # fmin and fmax ignore the NaN of a slice that holds nothing yet.
            self._peaks[index, 0] = np.fmin(self._peaks[index, 0], low[at : at + count].min())
            self._peaks[index, 1] = np.fmax(self._peaks[index, 1], high[at : at + count].max())
            at += count
            self._filled += count
        if self._filled > self._length:
            self._length = self._filled
        self._view = (self._peaks, self._slice, self._length)

    def finish(self) -> None:
        """End of the file, whatever length its header stated."""
        self._length = self._filled
        self._view = (self._peaks, self._slice, self._length)

    def peaks(self) -> Block:
        """Lowest and highest sample of each slice, (P, 2) float32; NaN where nothing was added yet. Any thread."""
        peaks, per_slice, length = self._view
        return peaks[: max(1, -(-length // per_slice))].copy()

    def edges(self) -> npt.NDArray[np.int64]:
        """First sample of each slice and the end of the last, (P + 1,) int64. Any thread."""
        _, per_slice, length = self._view
        return np.arange(max(1, -(-length // per_slice)) + 1, dtype=np.int64) * per_slice

    def _double(self) -> None:
        """Merge neighbouring slices, so that the file may be twice as long."""
        half = len(self._peaks) // 2
        peaks = np.full_like(self._peaks, np.nan)
        peaks[:half, 0] = np.fmin(self._peaks[0::2, 0], self._peaks[1::2, 0])
        peaks[:half, 1] = np.fmax(self._peaks[0::2, 1], self._peaks[1::2, 1])
        self._peaks = peaks
        self._slice *= 2


def hold_strips(strips: Array, *, whole: bool) -> Array:
    """Fill slices without a window by holding the value of the slice before (or of the first one with a window).

    Parameters
    ----------
    strips : (P, K) float32
        Activations 0..1 of K labels; NaN in slices without the centre of a window. Changed in place.
    whole : bool
        Whether the file is analysed to its end: then the slices after the last window are filled, too.

    Returns
    -------
    (P, K) float32
    """
    known = np.flatnonzero(~np.isnan(strips).all(axis=1))
    if not known.size:
        return strips
    last = len(strips) if whole else int(known[-1]) + 1
    source = known[np.maximum(0, np.searchsorted(known, np.arange(last), "right") - 1)]
    strips[:last] = strips[source]
    return strips
