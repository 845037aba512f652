"""Tapped source: the sound of a live session that runs, as a source for another one.

The worker of the first session writes, that of the second reads; neither waits for the other.
"""

from __future__ import annotations

import time

import numpy as np

from irec_live.source.polling import READ_S, RING_S, wait_for_samples
from irec_live.streaming.pipeline import PipelineStep
from irec_live.streaming.ring import Block, RingBuffer


class TappedSource:
    """An `AudioSource` and a `Tap`: what the tap takes, the source delivers.

    Parameters
    ----------
    name : str
    sample_rate : int
        Hz, of the first session's source. After a loss a device may run at another rate: then this source is lost.
    channels : int
        C, likewise.

    Attributes
    ----------
    origin_s : float or None
        Where the source begins in the time of the first session; None until it has begun.
    """

    latency_s = READ_S
    ended = False

    def __init__(self, name: str, sample_rate: int, channels: int) -> None:
        self.name, self.sample_rate, self.channels = name, sample_rate, channels
        self._ring = RingBuffer(int(RING_S * sample_rate), channels)
        # NB: each is written by one thread and replaced in one step.
        self.origin_s: float | None = None
        self.lost = False
        self._closed = False

    @property
    def overflows(self) -> int:
        """Times that sound was not read in time."""
        return self._ring.overflows

    def take_block(self, block: Block, sample_rate: int, position: int) -> None:
        """Take sound; worker of the first session only."""
        if sample_rate != self.sample_rate or block.shape[1] != self.channels:
            self.lost = True
        elif not self._closed:
            self._begin(position)
            self._ring.write(block)

    def take_silence(self, samples: int, position: int) -> None:
        """Take silence while the device is away; worker of the first session only."""
        if not self._closed:
            self._begin(position)
            self._ring.write(np.zeros((samples, self.channels), np.float32))

    def take_step(self, step: PipelineStep) -> None:
        """Results of the first session do not matter here."""

    def start(self) -> None:
        """Nothing is to be opened."""

    def stop(self) -> None:
        """Take no more; may be called twice."""
        self._closed = True

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """Wait for sound, at most `timeout_s`; see `AudioSource.read`."""
        if self._closed or self.lost:
            time.sleep(timeout_s)
        wait_for_samples(self._ring, self.sample_rate, READ_S, timeout_s, lambda: self._closed or self.lost)
        return self._ring.read()

    def _begin(self, position: int) -> None:
        if self.origin_s is None:
            self.origin_s = position / self.sample_rate
