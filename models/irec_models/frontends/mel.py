"""The mel scale and its triangular filters.

Shapes: F bands, H = n_fft / 2 + 1 bins.

References
----------
M. Slaney, "Auditory Toolbox", Interval Research technical report 1998-010 (the scale that is linear up to 1 kHz).
D. O'Shaughnessy, "Speech Communication", 1987 (the scale that the HTK toolkit made common).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

Scale = Literal["slaney", "htk"]
Values = npt.NDArray[np.float64]

_LINEAR_HZ = 200.0 / 3.0  # width of a Slaney mel below the knee
_KNEE_HZ = 1000.0
_KNEE_MEL = _KNEE_HZ / _LINEAR_HZ
_LOG_STEP = math.log(6.4) / 27.0  # 27 steps from 1 kHz to 6.4 kHz


def hz_to_mel(hz: npt.ArrayLike, scale: Scale = "slaney") -> Values:
    """Frequencies in Hz on the mel scale, float64, same shape.

    Examples
    --------
    >>> round(hz_to_mel(1000.0).item(), 9)
    15.0
    """
    hz = np.asarray(hz, np.float64)
    if scale == "htk":
        return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))
    above = _KNEE_MEL + np.log(np.maximum(hz, _KNEE_HZ) / _KNEE_HZ) / _LOG_STEP
    return np.where(hz < _KNEE_HZ, hz / _LINEAR_HZ, above)


def mel_to_hz(mel: npt.ArrayLike, scale: Scale = "slaney") -> Values:
    """Inverse of `hz_to_mel`."""
    mel = np.asarray(mel, np.float64)
    if scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))
    above = _KNEE_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * _LINEAR_HZ, above)


def mel_filters(
    sample_rate: int, n_fft: int, bands: int, low_hz: float = 0.0, high_hz: float | None = None, scale: Scale = "slaney"
) -> Values:
    """Triangular filters, each of area one over Hz, so that white noise is flat.

    Parameters
    ----------
    sample_rate, n_fft : int
        Of the spectrum the filters apply to.
    bands : int
        F.
    low_hz, high_hz : float
        Feet of the first and last triangle; `high_hz` None is half the sample rate.
    scale : {"slaney", "htk"}

    Returns
    -------
    (F, H) float64

    Raises
    ------
    ValueError
        If the frequencies are out of order or beyond half the sample rate, or a triangle falls between two bins and
        would be empty.
    """
    high_hz = sample_rate / 2 if high_hz is None else high_hz
    if not 0 <= low_hz < high_hz <= sample_rate / 2:
        raise ValueError(f"mel bands from {low_hz} to {high_hz} Hz do not fit a sample rate of {sample_rate} Hz")
    edges = mel_to_hz(np.linspace(hz_to_mel(low_hz, scale), hz_to_mel(high_hz, scale), bands + 2), scale)
    bins = np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    filters: Values = np.maximum(0.0, np.minimum(rising, falling))
    filters *= 2.0 / (edges[2:] - edges[:-2])[:, None]
    empty = np.flatnonzero(filters.sum(axis=1) == 0)
    if empty.size:
        raise ValueError(f"{bands} mel bands are too many for n_fft {n_fft}: band {empty[0]} holds no bin")
    return filters
