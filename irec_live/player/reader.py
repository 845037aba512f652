"""Decoding for playback: a file in playing order, looped, at the output's sample rate and channel count.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

import math
import os

import numpy as np
import soxr

from irec_live.media import open_audio
from irec_live.mono import MonoMix
from irec_live.player.transport import Loop
from irec_live.streaming.ring import Block

_CHUNK = 2048
"""Samples of each channel decoded at once, at the file's rate: 46 ms at 44.1 kHz."""


class PlaybackReader:
    """Reads a file in playing order, that is, with loops. One thread only.

    Parameters
    ----------
    path : str or path-like
    sample_rate : int
        The output's rate, Hz.
    channels : int
        The output's channels: 1 or 2.
    track : int, optional
        As for `irec_live.media.open_audio`.

    Raises
    ------
    MediaError
        The file cannot be decoded.
    """

    def __init__(self, path: str | os.PathLike[str], sample_rate: int, channels: int, track: int | None = None) -> None:
        self._audio = open_audio(path, track=track)
        self._mono = MonoMix(self._audio.sample_rate)
        self._rate = sample_rate
        self._channels = channels
        self._stream: soxr.ResampleStream | None = None
        if sample_rate != self._audio.sample_rate:
            self._stream = soxr.ResampleStream(self._audio.sample_rate, sample_rate, channels, dtype="float32")
        self._segment_s = 0.0  # where the last seek went
        self._given = 0  # output samples returned since

    def seek(self, time_s: float) -> None:
        """Continue at `time_s`."""
        sample = max(0, round(time_s * self._audio.sample_rate))
        self._audio.seek(sample)
        self._mono.reset()
        if self._stream is not None:
            self._stream.clear()
        self._segment_s = sample / self._audio.sample_rate
        self._given = 0

    def read(self, loop: Loop | None) -> tuple[Block, float, bool]:
        """The next samples to play.

        Returns
        -------
        block : (n, C) float32
            At the output's rate and channels; n may be 0.
        start_s : float
            Where in the file its first sample lies.
        last : bool
            Whether the file ends after it.
        """
        count = _CHUNK
        wraps = False
        if loop is not None and math.isfinite(loop[1]):
            left = round(loop[1] * self._audio.sample_rate) - self._audio.position
            wraps = 0 <= left <= count
            count = left if wraps else count
        block = self._audio.read(count) if count else np.zeros((0, self._audio.channels), np.float32)
        ended = count > 0 and len(block) == 0
        start_s = self._segment_s + self._given / self._rate
        # At a jump the resampler is flushed too, or the last milliseconds of every round would be missing.
        out = self._to_output(block, last=ended or wraps)
        self._given += len(out)
        nothing = ended and self._given == 0  # a loop that lies behind the end, or begins there
        if loop is not None and (ended or wraps) and not nothing:
            self.seek(loop[0])
            return out, start_s, False
        return out, start_s, ended

    def close(self) -> None:
        """Close the file."""
        self._audio.close()

    def _to_output(self, block: Block, *, last: bool) -> Block:
        if block.shape[1] == self._channels:
            mixed = block
        elif block.shape[1] == 1:
            mixed = np.repeat(block, self._channels, axis=1)
        else:  # more than two channels have no agreed places: all of them on both sides
            mixed = np.repeat(self._mono.push(block)[:, None], self._channels, axis=1)
        if self._stream is None:
            return mixed
        out: Block = self._stream.resample_chunk(np.ascontiguousarray(mixed), last=last)
        return out.reshape(-1, self._channels)
