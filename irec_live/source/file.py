"""Audio source over a file, in real time by default, as if it came from a microphone. Nothing is played.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import os
import time

import numpy as np

from irec_live.media import open_audio
from irec_live.source.polling import READ_S, RING_S
from irec_live.streaming.ring import Block

_AHEAD_S = 0.5
"""Decoded at once: every call of a decoder has a price, which is that of a spectrum where it decodes 20 ms."""


class FileSource:
    """An audio file as a source.

    Parameters
    ----------
    path : str or path-like
        Any file that `irec_live.media` decodes.
    realtime : bool
        Deliver at the pace of time (the default), or as fast as it is read.
    track : int, optional
        Which sound track of a video, from 1 on; its default one if not given.

    Raises
    ------
    MediaError
        The file cannot be decoded, or has no such track.
    """

    def __init__(self, path: str | os.PathLike[str], realtime: bool = True, *, track: int | None = None) -> None:
        self._audio = open_audio(path, track=track)
        self.name = self._audio.name
        self.sample_rate = self._audio.sample_rate
        self.channels = self._audio.channels
        self.latency_s = READ_S
        self.overflows = 0
        self.lost = False
        self.ended = False
        self._realtime = realtime
        self._enough = max(1, round(READ_S * self.sample_rate))
        self._position = 0
        self._ahead: Block = np.zeros((0, self.channels), np.float32)  # decoded, not delivered yet
        self._started_at = 0.0

    @property
    def warning(self) -> str:
        """On what is missing so far, else empty."""
        return self._audio.warning

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything odd about the file so far, a sentence each."""
        return self._audio.warnings

    def start(self) -> None:
        """Start the clock."""
        self._started_at = time.monotonic()

    def stop(self) -> None:
        """Close the file."""
        self._audio.close()

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """Everything that would have arrived by now, waiting at most `timeout_s`; see `AudioSource.read`."""
        index = self._position
        wanted = self._due(timeout_s) if self._realtime else self._enough
        if self.ended or wanted < 1:
            return np.zeros((0, self.channels), np.float32), index
        if len(self._ahead) < wanted:
            more = self._audio.read(self._audio.block_of(max(_AHEAD_S, wanted / self.sample_rate)))
            self._ahead = np.concatenate([self._ahead, more])
        block, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        self._position += len(block)
        self.ended = len(block) == 0
        return block, index

    def _due(self, timeout_s: float) -> int:
        """Number of samples due by the clock, after waiting for `READ_S` of them if there is time."""
        arrived = (time.monotonic() - self._started_at) * self.sample_rate - self._position
        missing_s = (self._enough - arrived) / self.sample_rate
        if missing_s > 0:
            time.sleep(min(missing_s, timeout_s))
            arrived = (time.monotonic() - self._started_at) * self.sample_rate - self._position
        return min(int(arrived), int(RING_S * self.sample_rate))  # a microphone's reader gets no more at once either
