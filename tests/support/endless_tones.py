"""A made-up device that plays the labels of `tiny_models` in turn, for ever."""

from __future__ import annotations

import time

import numpy as np

import tiny_models
from irec_live.source import ArraySource
from irec_live.streaming.ring import Block

RATE = tiny_models.SAMPLE_RATE
_BLOCK, _LONG_BLOCK = RATE // 20, 2 * RATE // 5
"""Samples at the pace of time, and faster: a thread that takes turns with a window gets none every millisecond. Still
few enough that no window is skipped."""


class EndlessTones(ArraySource):
    """Two seconds of each label in turn, at the pace of time or faster.

    Parameters
    ----------
    name : str
    speed : float
        Seconds of sound in one of time, at most.
    """

    def __init__(self, name: str, speed: float = 1.0) -> None:
        sound = np.concatenate([tiny_models.tone(label, 2.0) for label in tiny_models.LABELS])
        block = _BLOCK if speed <= 1.0 else _LONG_BLOCK
        super().__init__(sound, RATE, block=block, name=name)
        self._index, self._pause_s = 0, block / RATE / speed

    @property
    def ended(self) -> bool:
        """Never."""
        return False

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """The next block, when it is due."""
        time.sleep(self._pause_s)
        if ArraySource.ended.fget(self):  # type: ignore[attr-defined]
            self._position = 0
        block, _ = super().read(timeout_s)
        index, self._index = self._index, self._index + len(block)
        return block, index
