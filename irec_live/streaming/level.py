"""Level meter: RMS and peak of the input in dBFS, twenty times a second.

Only the worker's thread uses it.

Shapes: n samples in a block, L segments that became complete.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irec_live.results import SILENCE_DB

_STRETCH_S = 0.05
"""Seconds in a segment; two periods of the lowest note of a bass guitar (41 Hz), so that its RMS is steady."""
_FLOOR = np.float32(10.0 ** (SILENCE_DB / 20))
_NO_LEVELS = np.zeros((0, 2), np.float32)


class LevelMeter:
    """RMS and peak of successive segments of 50 ms, without overlap.

    Parameters
    ----------
    sample_rate : int
        Hz.

    Attributes
    ----------
    stretch : int
        Samples in a segment.

    Examples
    --------
    >>> meter = LevelMeter(1000)
    >>> levels, start = meter.push(np.full(120, 0.1, np.float32))
    >>> levels.round(3).tolist(), start
    ([[-20.0, -20.0], [-20.0, -20.0]], 0)
    """

    def __init__(self, sample_rate: int) -> None:
        self.stretch = max(1, round(sample_rate * _STRETCH_S))
        self.reset()

    def reset(self) -> None:
        """Forget all samples and start again at index 0."""
        self._waiting: list[npt.NDArray[np.float32]] = []
        self._held = 0  # samples that wait
        self._start = 0

    def push(self, block: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], int]:
        """Take the next samples.

        Parameters
        ----------
        block : (n,) float32
            Nominally in [-1, 1].

        Returns
        -------
        levels : (L, 2) float32
            RMS and peak in dB re full scale (a square wave of amplitude 1 has 0 dB), `SILENCE_DB` at least.
        start : int
            Absolute index of the first sample of the first segment.
        """
        self._waiting.append(block)
        self._held += block.size
        start = self._start
        count = self._held // self.stretch
        if not count:
            return _NO_LEVELS, start
        samples = np.concatenate(self._waiting)
        whole = samples[: count * self.stretch].reshape(count, self.stretch)
        self._waiting = [samples[whole.size :].copy()]
        self._held -= whole.size
        self._start += whole.size
        linear = np.empty((count, 2), np.float32)
        linear[:, 0] = np.sqrt(np.mean(whole * whole, axis=1))
        np.abs(whole).max(axis=1, out=linear[:, 1])
        levels: npt.NDArray[np.float32] = np.float32(20.0) * np.log10(np.maximum(linear, _FLOOR))
        return levels, start
