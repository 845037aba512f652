"""Sound of a device that took the place of another, brought to the rate and channels of the recording.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from irec_live.streaming.resample import Resampler, Samples
from irec_live.streaming.ring import Block


class FormatConverter:
    """Converts rate and channels, block by block; sound that fits passes unchanged.

    Parameters
    ----------
    sample_rate, channels : int
        Hz and C of the result. Of more channels the first are taken; for missing ones the last is repeated.

    Examples
    --------
    >>> converter = FormatConverter(8000, 2)
    >>> block, position = converter.push(np.ones((4, 1), np.float32), 8000, 100)
    >>> block.shape, position
    ((4, 2), 100)
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate = sample_rate
        self._channels = channels
        self._input_rate = sample_rate
        self._resamplers: list[Resampler] = []
        self._expected = -1  # position of the next block if nothing is lost
        self._out = 0

    def push(self, block: Block, sample_rate: int, position: int) -> tuple[Block, int]:
        """Take sound that begins at `position`, in samples of the result.

        Returns
        -------
        block : (m, C) float32
        position : int
            Where it begins.
        """
        if block.shape[1] != self._channels:
            block = block[:, np.minimum(np.arange(self._channels), block.shape[1] - 1)]
        if sample_rate == self._rate:
            self._resamplers = []
            return block, position
        # Positions are rounded: one sample more or less is no gap.
        if sample_rate != self._input_rate or not self._resamplers or abs(position - self._expected) > 1:
            self._input_rate = sample_rate
            self._resamplers = [Resampler(sample_rate, self._rate) for _ in range(self._channels)]
            self._out = position
        self._expected = position + round(len(block) * self._rate / sample_rate)
        return self._joined(
            resampler.push(np.ascontiguousarray(column))
            for resampler, column in zip(self._resamplers, block.T, strict=True)
        )

    def flush(self) -> tuple[Block, int]:
        """What was held back of sound that ends here: (m, C) float32, and where it begins."""
        resamplers, self._resamplers = self._resamplers, []
        if not resamplers:
            return np.zeros((0, self._channels), np.float32), 0
        return self._joined(resampler.flush() for resampler in resamplers)

    def _joined(self, columns: Iterable[Samples]) -> tuple[Block, int]:
        fitted = np.stack(list(columns), axis=1)
        start, self._out = self._out, self._out + len(fitted)
        return fitted, start
