"""Streaming log-mel spectrogram for display.

The networks do not use it: each has its own front end inside its ONNX graph. Only the worker's thread uses it.

Shapes: n samples in a block, C columns, F mel bands.

References
----------
M. Slaney, "Auditory Toolbox, version 2", Interval Research report 1998-010: the mel scale, linear below 1 kHz and
logarithmic above.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from irec_live.results import SPECTROGRAM_FLOOR_DB

Columns = npt.NDArray[np.float32]

_COLUMN_S = 0.046
"""Intended length of an FFT window in seconds: 2048 samples at 44.1 kHz, a compromise between frequency and time
resolution for music."""

_FLOOR_POWER = np.float32(10.0 ** (SPECTROGRAM_FLOOR_DB / 10))

_COLUMNS_AT_ONCE = 256
"""Most columns per FFT call, which bounds the memory that a long block takes (2 MB of samples at 2048 a column)."""


def hz_to_mel(hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Hz to mels on Slaney's scale: 200/3 Hz a mel up to 1 kHz, then 27 mels per factor of 6.4.

    Examples
    --------
    >>> hz_to_mel([200.0, 1000.0, 6400.0]).round(6).tolist()
    [3.0, 15.0, 42.0]
    """
    hz = np.asarray(hz, np.float64)
    return np.where(hz < 1000.0, hz * 3 / 200, 15.0 + 27.0 * np.log(np.maximum(hz, 1000.0) / 1000.0) / math.log(6.4))


def mel_to_hz(mel: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Mels to Hz, the inverse of `hz_to_mel`.

    Examples
    --------
    >>> mel_to_hz([3.0, 15.0, 42.0]).round(6).tolist()
    [200.0, 1000.0, 6400.0]
    """
    mel = np.asarray(mel, np.float64)
    return np.where(mel < 15.0, mel * 200 / 3, 1000.0 * np.exp(np.maximum(mel - 15.0, 0.0) * math.log(6.4) / 27.0))


class MelBands:
    """Mel filter bank: triangles of height 1, evenly spaced in mel, applied without a matrix product.

    A bin lies between two neighbouring edges, so it counts for two bands at most: the one whose triangle rises there
    and the one whose triangle falls. Summing each range between two edges twice takes a fiftieth of a matrix
    product's work, and does not start the threads of a BLAS.

    Parameters
    ----------
    sample_rate, n_fft, bands : int
    f_min, f_max : float
        Hz, outer edges of the first and last band.
    """

    def __init__(self, sample_rate: int, n_fft: int, bands: int, f_min: float, f_max: float) -> None:
        edges = mel_to_hz(np.linspace(hz_to_mel(f_min), hz_to_mel(f_max), bands + 2))
        hz = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
        self._first, last = np.searchsorted(hz, edges[0]), np.searchsorted(hz, edges[-1])
        inside = hz[self._first : last]
        stretch = np.clip(np.searchsorted(edges, inside, "right") - 1, 0, bands)  # the edges around each bin
        rising = (inside - edges[stretch]) / (edges[stretch + 1] - edges[stretch])
        self._weights = np.stack([rising, 1.0 - rising]).astype(np.float32)
        # Low bands can be narrower than a bin. `np.add.reduceat` returns an element, not 0, for an empty range, so it
        # is given the other ranges only.
        self._filled, self._starts = np.unique(stretch, return_index=True)
        self._bands = bands
        self.centres_hz = edges[1:-1]

    def __call__(self, power: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Sum power spectra, (C, n_fft // 2 + 1) float32, to mel bands, (C, F) float32."""
        power = power[:, None, self._first : self._first + self._weights.shape[1]]
        stretches = np.add.reduceat(power * self._weights, self._starts, axis=2)
        if len(self._filled) <= self._bands:
            found, stretches = stretches, np.zeros((len(power), 2, self._bands + 1), np.float32)
            stretches[:, :, self._filled] = found
        mel: npt.NDArray[np.float32] = stretches[:, 0, :-1] + stretches[:, 1, 1:]
        return mel


class LogMelStream:
    """Log-mel spectrogram of a stream, with a column every half FFT window.

    Parameters
    ----------
    sample_rate : int
        Hz, of the source.
    bands : int
        F.
    f_min : float
        Hz, lower edge of the lowest band.
    f_max : float
        Hz, upper edge of the highest band; the Nyquist frequency where that is lower.

    Attributes
    ----------
    n_fft, hop_length : int
        Samples in a column, and from one column to the next.

    Raises
    ------
    ValueError
        `sample_rate` or `bands` is not positive, or there is nothing between `f_min` and `f_max`.
    """

    def __init__(self, sample_rate: int, *, bands: int = 96, f_min: float = 30.0, f_max: float = 16_000.0) -> None:
        f_max = min(f_max, sample_rate / 2)
        if sample_rate <= 0 or bands < 1 or not 0.0 <= f_min < f_max:
            raise ValueError(f"no {bands} bands fit between {f_min} and {f_max} Hz at {sample_rate} Hz")
        self.sample_rate = sample_rate
        self.bands = bands
        # A power of two, for the FFT.
        self.n_fft: int = max(64, 1 << round(math.log2(sample_rate * _COLUMN_S)))
        self.hop_length = self.n_fft // 2
        self._taper = np.hanning(self.n_fft + 1)[:-1].astype(np.float32)  # periodic; np.hanning is symmetric
        self._mel = MelBands(sample_rate, self.n_fft, bands, f_min, f_max)
        # A full-scale sine has a peak of sum(taper) / 2 in the transform: that is 0 dB.
        self._scale = np.float32((2.0 / self._taper.sum(dtype=np.float64)) ** 2)
        self._silence = self._transformed(np.zeros((1, self.n_fft), np.float32))
        self.reset()

    @property
    def lag(self) -> int:
        """Samples from the first one of a column until the column is returned: `n_fft`."""
        return self.n_fft

    @property
    def bands_hz(self) -> npt.NDArray[np.float64]:
        """Centre frequencies of the bands, (F,) float64, Hz, rising."""
        return self._mel.centres_hz

    def centres_s(self, start: int, count: int) -> npt.NDArray[np.float64]:
        """Centre times of `count` columns, the first of which starts at sample `start`.

        Returns
        -------
        (count,) float64
            Seconds.
        """
        starts = start + self.hop_length * np.arange(count)
        centres: npt.NDArray[np.float64] = (starts + self.n_fft / 2) / self.sample_rate
        return centres

    def reset(self) -> None:
        """Forget all samples and start again at index 0."""
        self._waiting: list[npt.NDArray[np.float32]] = []  # for a whole column
        self._held = 0  # samples of them
        self._start = 0  # absolute index of the first of them, where the next column starts

    def push(self, block: npt.NDArray[np.float32]) -> tuple[Columns, int]:
        """Take the next samples.

        Parameters
        ----------
        block : (n,) float32

        Returns
        -------
        columns : (C, F) float32
            dB re a full-scale sine, `SPECTROGRAM_FLOOR_DB` at least; C may be 0.
        start : int
            Absolute index of the first sample of the first column.
        """
        self._waiting.append(block)
        self._held += block.size
        start = self._start
        count = max(0, (self._held - self.n_fft) // self.hop_length + 1)
        if not count:
            return np.zeros((0, self.bands), np.float32), start
        samples = np.concatenate(self._waiting)
        if count == 1:  # the usual block of a live source
            columns = self._levels(samples[None, : self.n_fft])
        else:
            columns = np.empty((count, self.bands), np.float32)
            stretches = np.lib.stride_tricks.sliding_window_view(samples, self.n_fft)[:: self.hop_length]
            for first in range(0, count, _COLUMNS_AT_ONCE):
                last = min(count, first + _COLUMNS_AT_ONCE)
                columns[first:last] = self._levels(stretches[first:last])
        self._start += count * self.hop_length
        self._waiting = [samples[count * self.hop_length :].copy()]
        self._held = self._waiting[0].size
        return columns, start

    def _levels(self, stretches: npt.NDArray[np.float32]) -> Columns:
        """Mel levels in dB, (C, F) float32, of segments of samples, (C, n_fft) float32."""
        if stretches.any():
            return self._transformed(stretches)
        return np.broadcast_to(self._silence, (len(stretches), self.bands))

    def _transformed(self, stretches: npt.NDArray[np.float32]) -> Columns:
        spectrum = np.fft.rfft(stretches * self._taper)  # (C, n_fft / 2 + 1)
        squares = np.square(spectrum.view(spectrum.real.dtype))  # of real and imaginary parts in turn
        power = (squares[:, ::2] + squares[:, 1::2]).astype(np.float32, copy=False)
        mel = self._mel(power) * self._scale
        levels: Columns = np.float32(10.0) * np.log10(np.maximum(mel, _FLOOR_POWER))
        return levels
