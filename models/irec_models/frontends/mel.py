"""Triangular filters that are equally wide on the mel scale.

Shapes: F bands, H = n_fft / 2 + 1 bins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irec_live.streaming.spectrogram import hz_to_mel, mel_to_hz

Values = npt.NDArray[np.float64]


def mel_filters(sample_rate: int, n_fft: int, bands: int, low_hz: float = 0.0, high_hz: float | None = None) -> Values:
    """Triangular filters on Slaney's mel scale, each of area one over Hz, so that white noise is flat.

    Parameters
    ----------
    sample_rate, n_fft : int
        Of the spectrum the filters apply to.
    bands : int
        F.
    low_hz, high_hz : float
        Feet of the first and last triangle; `high_hz` None is half the sample rate.

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
    edges = mel_to_hz(np.linspace(hz_to_mel(low_hz), hz_to_mel(high_hz), bands + 2))
    bins = np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    filters: Values = np.maximum(0.0, np.minimum(rising, falling))
    filters *= 2.0 / (edges[2:] - edges[:-2])[:, None]
    empty = np.flatnonzero(filters.sum(axis=1) == 0)
    if empty.size:
        raise ValueError(f"{bands} mel bands are too many for n_fft {n_fft}: band {empty[0]} holds no bin")
    return filters
