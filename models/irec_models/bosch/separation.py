"""Part what sounds on from what strikes.

Shapes: B batch, N frames, H bins.

References
----------
D. FitzGerald, "Harmonic/percussive separation using median filtering", DAFx-10, 2010 (equations 1 to 6).
"""

from __future__ import annotations

import torch
from torch import Tensor

from irec_models.bosch.median import sliding_median

KERNEL = 31
"""Frames and bins of the two medians."""

_NOTHING = 1e-20


def separate(magnitude: Tensor, kernel: int = KERNEL) -> tuple[Tensor, Tensor]:
    """Harmonic and percussive part of a magnitude spectrum; together they are the whole.

    A steady tone is a line along time and survives a median over time; a stroke is a line along frequency and survives
    a median over frequency. Each point is shared out by the squares of the two.

    Parameters
    ----------
    magnitude : (B, N, H) float
        At least half of `kernel` frames and bins.

    Returns
    -------
    harmonic, percussive : (B, N, H) float
    """
    steady = sliding_median(magnitude, kernel, dim=1)
    struck = sliding_median(magnitude, kernel, dim=2)
    larger = torch.maximum(steady, struck).clamp(min=_NOTHING)
    steady, struck = (steady / larger).square(), (struck / larger).square()
    # Where neither has anything, both get a half.
    share = (steady + _NOTHING) / (steady + struck + 2 * _NOTHING)
    return magnitude * share, magnitude * (1.0 - share)
