"""Harmonic-percussive separation by median filters, as a module that exports.

Shapes: B batch, N frames, H bins.

References
----------
D. FitzGerald, "Harmonic/percussive separation using median filtering", DAFx-10, 2010 (equations 1 to 6).
"""

from __future__ import annotations

from torch import Tensor

from irec_papers.bosch.sliding_median import sliding_median

KERNEL = 31
"""Frames and bins of the two medians."""

_STILL = 1e-2
"""Smallest median that counts, of magnitudes of 2048 samples of RMS 1: float32 rounds those by up to 0.0003."""


def separate(magnitude: Tensor) -> tuple[Tensor, Tensor]:
    """Harmonic and percussive part of a magnitude spectrogram; their sum is the input.

    A steady tone is a line along time and survives a median over time; a stroke is a line along frequency and survives
    a median over frequency. Each point is shared out by the squares of the two, and in halves where both are below
    0.01: of silence, and of the rounding beside a tone, nothing can be said.

    Parameters
    ----------
    magnitude : (B, N, H) float
        At least half of `KERNEL` frames and bins.

    Returns
    -------
    harmonic, percussive : (B, N, H) float
    """
    # Raised, not added to: conversion to ONNX drops the addition of a constant below 1e-8, which left 0 / 0 in silence.
    steady = sliding_median(magnitude, KERNEL, dim=1).clamp(min=_STILL).square()
    struck = sliding_median(magnitude, KERNEL, dim=2).clamp(min=_STILL).square()
    share = steady / (steady + struck)
    return magnitude * share, magnitude * (1.0 - share)
