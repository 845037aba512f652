"""Streaming sample rate conversion (soxr), from the device's rate to a model's.

Output sample m is at the time ``m / output_rate`` of the input: the filter's delay is already compensated, so sample
indices are converted to seconds by division alone. Only the worker's thread uses it.

Shapes: n input samples, m output samples.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float32]

QUALITY = "HQ"
"""soxr's 20-bit recipe: pass band to 91 % of the lower Nyquist frequency; 19 to 42 ms of delay from 22.05 kHz up, 58 ms
from 16 kHz, 132 ms from 8 kHz."""


class Resampler:
    """Band-limited resampling of one channel, block by block.

    The output does not depend on how the input was cut into blocks; it equals that of resampling all at once.

    Parameters
    ----------
    input_rate, output_rate : int
        Hz. If they are equal, samples pass unchanged and without delay.

    Raises
    ------
    ValueError
        A rate is not positive.

    Examples
    --------
    >>> resampler = Resampler(44100, 22050)
    >>> first = resampler.push(np.zeros(44100, np.float32))
    >>> first.size + resampler.flush().size
    22050
    """

    def __init__(self, input_rate: int, output_rate: int) -> None:
        if input_rate <= 0 or output_rate <= 0:
            raise ValueError(f"sample rates must be positive, not {input_rate} and {output_rate}")
        self.input_rate = input_rate
        self.output_rate = output_rate
        self._stream: soxr.ResampleStream | None = None
        if input_rate != output_rate:
            self._stream = soxr.ResampleStream(input_rate, output_rate, 1, dtype="float32", quality=QUALITY)

    @property
    def lag(self) -> int:
        """Largest number of output samples that wait for later input (soxr works in blocks of its own)."""
        return 0 if self._stream is None else _longest_lag(self.input_rate, self.output_rate)

    def push(self, block: Samples) -> Samples:
        """Take the next samples.

        Parameters
        ----------
        block : (n,) float32

        Returns
        -------
        (m,) float32
            All that is determined by the input so far; m may be 0.
        """
        if self._stream is None:
            return block
        out: Samples = self._stream.resample_chunk(block)
        return out

    def flush(self) -> Samples:
        """End the stream: return what was held back, as if zeros followed. Call `reset` before the next `push`.

        Returns
        -------
        (m,) float32
        """
        empty = np.zeros(0, np.float32)
        if self._stream is None:
            return empty
        out: Samples = self._stream.resample_chunk(empty, last=True)
        return out

    def reset(self) -> None:
        """Forget all input."""
        if self._stream is not None:
            self._stream.clear()


@lru_cache(maxsize=64)
def _longest_lag(input_rate: int, output_rate: int) -> int:
    """Largest number of output samples that a stream holds back, measured over half a second in steps of 64 samples."""
    # Measured: soxr's `ResampleStream.delay` is the present delay, not the largest one.
    stream = soxr.ResampleStream(input_rate, output_rate, 1, dtype="float32", quality=QUALITY)
    step = np.zeros(64, np.float32)
    taken = given = 0
    longest = 0.0
    while taken < input_rate / 2:
        taken += step.size
        given += stream.resample_chunk(step).size
        longest = max(longest, taken * output_rate / input_rate - given)
    return math.ceil(longest)
