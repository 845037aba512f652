"""Constant-Q transform as a module that exports.

Shapes: B batch, T samples in a window, N frames, F bins, P bins per octave.

References
----------
J. C. Brown, "Calculation of a constant Q spectral transform", J. Acoust. Soc. Am. 89(1), 1991, equations 1 to 5.
C. Schörkhuber, A. Klapuri, "Constant-Q transform toolbox for music processing", 7th Sound and Music Computing
Conference, 2010 (octave by octave, each at its own sample rate).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from irec_papers.frontends.decimation import HALF_LENGTH, PASSBAND, HalfBandDecimator

Values = npt.NDArray[np.float64]


class _Octave(NamedTuple):
    """Bins `low` to `high`, computed after `halvings` of the sample rate; kernels reach `reach` samples either way."""

    low: int
    high: int
    halvings: int
    reach: int


class ConstantQ(nn.Module):
    """Magnitudes of logarithmically spaced bins, by windowed kernels of as many cycles each.

    A bin's kernel is a Hann window of Q cycles around the frame's centre, with
    ``Q = 1 / (2 ** (1 / bins_per_octave) - 1)``: at 24 bins an octave that is 1.24 s at 27.5 Hz, far more than a
    window of 348 ms holds. Below the frequency where Q cycles fill the window, kernels are cut to the window's length:
    the bins go on being spaced as before, but their bandwidth stays constant (`lowest_constant_q` says from where).
    Beyond the window there is silence: mirroring it, as the short frames of other front ends do, would put a phase
    jump into the middle of the long kernels.

    Every octave is computed at the lowest sample rate that holds it and divides the hop, so all octaves have short
    kernels: 192 bins at 44.1 kHz take 0.3 MB of constants, where kernels at the full rate would take 10 MB.

    Parameters
    ----------
    sample_rate : int
        Hz.
    window_length : int
        T.
    hop_length : int
        Samples between frames; the more often it can be halved, the cheaper the transform.
    frames : int
        N; their centres lie in the middle of the window, together.
    low_hz : float
        Centre of the first bin.
    bins : int
        F.
    bins_per_octave : int
        P.
    floor : float
        Added to the magnitude before the natural logarithm; 0 gives the plain magnitude.

    Attributes
    ----------
    frequencies, lengths : (F,) float64
        Centres in Hz; kernel lengths in samples at `sample_rate`.

    Raises
    ------
    ValueError
        If the highest bin does not fit the sample rate, or a size is not positive.

    Notes
    -----
    A sine of amplitude A at a bin's centre reads A, at any frequency. (librosa's ``cqt`` reads
    ``A / 2 * sqrt(length)`` by default; `chroma` weighs the bins likewise.)

    Examples
    --------
    >>> cqt = ConstantQ(44100, 15360, 1024, frames=16, low_hz=27.5, bins=192, bins_per_octave=24)
    >>> tone = 0.5 * torch.sin(2 * torch.pi * 440 * torch.arange(15360) / 44100)
    >>> spectrum = cqt(tone[None])[0, 8]
    >>> int(spectrum.argmax()), round(float(spectrum.max()), 3)
    (96, 0.5)
    """

    def __init__(
        self,
        sample_rate: int,
        window_length: int,
        hop_length: int,
        frames: int,
        *,
        low_hz: float,
        bins: int,
        bins_per_octave: int,
        floor: float = 0.0,
    ) -> None:
        super().__init__()
        if min(sample_rate, window_length, hop_length, frames, bins, bins_per_octave) < 1 or low_hz <= 0:
            raise ValueError("sample rate, lengths, counts and low_hz must be above zero")
        self.bins = bins
        self.floor = floor
        self.frames = frames
        self.hop_length = hop_length
        self.frequencies: Values = low_hz * 2.0 ** (np.arange(bins) / bins_per_octave)
        quality = 1.0 / (2.0 ** (1.0 / bins_per_octave) - 1.0)
        self.lengths: Values = np.minimum(quality * sample_rate / self.frequencies, window_length)
        self.lowest_constant_q = quality * sample_rate / window_length
        self._octaves = self._plan(sample_rate, bins_per_octave)
        self.halver = HalfBandDecimator()
        for index, octave in enumerate(self._octaves):
            kernels = torch.from_numpy(self._kernels(octave, sample_rate)).to(torch.float32)
            self.register_buffer(f"kernels_{index}", kernels, persistent=False)
        self._place(window_length)

    def _plan(self, sample_rate: int, bins_per_octave: int) -> list[_Octave]:
        """Octaves from the highest down, each with the lowest sample rate that it can be computed at."""
        octaves = []
        halvings = 0
        for high in range(self.bins, 0, -bins_per_octave):
            low = max(high - bins_per_octave, 0)
            # The Hann window's main lobe ends two bandwidths above the centre.
            edge = self.frequencies[high - 1] + 2.0 * sample_rate / self.lengths[high - 1]
            if edge > sample_rate / 2:
                raise ValueError(
                    f"{self.bins} constant-Q bins from {self.frequencies[0]:.1f} Hz reach {edge:.0f} Hz, more than "
                    f"half the sample rate of {sample_rate} Hz"
                )
            while edge <= PASSBAND * sample_rate / 2 ** (halvings + 1) and not self.hop_length % 2 ** (halvings + 1):
                halvings += 1
            reach = int(self.lengths[low] / 2 ** (halvings + 1))
            octaves.append(_Octave(low, high, halvings, reach))
        return octaves

    def _kernels(self, octave: _Octave, sample_rate: int) -> Values:
        """(2 x bins of the octave, 1, 2 x reach + 1): cosines, then sines."""
        n = np.arange(-octave.reach, octave.reach + 1)[None] * 2**octave.halvings  # in samples of the whole rate
        frequencies = self.frequencies[octave.low : octave.high, None]
        lengths = self.lengths[octave.low : octave.high, None]
        windows = np.where(np.abs(n) <= lengths / 2, np.cos(np.pi * n / lengths) ** 2, 0.0)
        windows *= 2.0 / windows.sum(axis=1, keepdims=True)
        angles = 2 * np.pi * frequencies * n / sample_rate
        return np.concatenate((windows * np.cos(angles), windows * np.sin(angles)))[:, None]

    def _place(self, window_length: int) -> None:
        """Silence around the window, such that every octave's frames start on a sample of its own rate."""
        grid = 2 ** max(octave.halvings for octave in self._octaves)
        span = (self.frames - 1) * self.hop_length
        first = (window_length - span) // 2
        # Frames may be centred beyond the window's ends, and filters ring on past them.
        reach = max((octave.reach + 1) * 2**octave.halvings for octave in self._octaves)
        left = max(reach - first, HALF_LENGTH * grid)
        left += -(left + first) % grid
        self._first = left + first
        right = max(self._first + span + reach + grid - left - window_length, HALF_LENGTH * grid)
        self._padding = (left, right)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to (B, N, F)."""
        signal = functional.pad(audio, self._padding)
        halvings = 0
        parts = []
        for index, octave in enumerate(self._octaves):
            while halvings < octave.halvings:
                signal = self.halver(signal)
                halvings += 1
            kernels = getattr(self, f"kernels_{index}")
            hop = self.hop_length >> halvings
            start = (self._first >> halvings) - octave.reach
            segment = signal[:, start : start + (self.frames - 1) * hop + kernels.shape[2]]
            real, imaginary = functional.conv1d(segment.unsqueeze(1), kernels, stride=hop).chunk(2, dim=1)  # (B, P, N)
            parts.append(torch.sqrt(real.square() + imaginary.square()))
        magnitude = torch.cat(parts[::-1], dim=1).transpose(1, 2)
        return torch.log(magnitude + self.floor) if self.floor else magnitude
