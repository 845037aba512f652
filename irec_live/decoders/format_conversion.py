"""Format conversion: sound whose sample rate or channel count changes midway, at one rate and channel count.

Shapes: n samples, C channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from irec_live.decoders.contract import Block


class FormatConverter:
    """Makes every block fit the first.

    Parameters
    ----------
    sample_rate : int
        Hz.
    channels : int
        C. Of another number, every channel gets the mean.

    Attributes
    ----------
    changes : list of str
        What changed, as ends of sentences that begin with the file's name.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.sample_rate = sample_rate
        self.channels = channels
        self.changes: list[str] = []
        self._rate = sample_rate  # of the sound that comes in
        self._stream: Any = None

    def fit(self, block: Block, rate: int) -> Block:
        """The next samples, and the end of what was before at another rate.

        Parameters
        ----------
        block : (n, any) float32
        rate : int
            Hz.

        Returns
        -------
        (m, C) float32
        """
        before = None
        if rate != self._rate:
            before = self.finish()
            self._start(rate)
        if block.shape[1] != self.channels:
            self._note(
                f"changes from {self.channels} to {block.shape[1]} channels on the way: "
                "it was analysed with as many as at its beginning"
            )
            # A broadcast may switch between mono and stereo.
            block = np.tile(block.mean(axis=1, keepdims=True, dtype=np.float32), (1, self.channels))
        if self._stream is not None:
            block = self._stream.resample_chunk(np.ascontiguousarray(block)).reshape(-1, self.channels)
        return block if before is None or not len(before) else np.concatenate((before, block))

    def finish(self) -> Block:
        """What the resampler still holds, (m, C); what comes next is a new beginning."""
        rest: Block = np.zeros((0, self.channels), np.float32)
        if self._stream is not None:
            rest = self._stream.resample_chunk(rest, last=True).reshape(-1, self.channels)
        self.forget()
        return rest

    def forget(self) -> None:
        """Drop what the resampler holds."""
        self._rate, self._stream = self.sample_rate, None

    def _start(self, rate: int) -> None:
        self._rate = rate
        if rate != self.sample_rate:
            import soxr

            self._note(
                f"changes its sample rate from {self.sample_rate} to {rate} Hz on the way: "
                f"all of it was analysed at {self.sample_rate} Hz"
            )
            self._stream = soxr.ResampleStream(rate, self.sample_rate, self.channels, dtype="float32")

    def _note(self, change: str) -> None:
        if change not in self.changes:
            self.changes.append(change)
