"""Learning rate schedules."""

from __future__ import annotations

import math


def one_cycle(progress: float, peak: float, floor: float, warmup: float) -> float:
    """Linear rise to `peak`, then half a cosine down to `floor`.

    Parameters
    ----------
    progress : float
        Share of the run done, 0..1.
    peak, floor : float
        Highest and last learning rate.
    warmup : float
        Share of the run spent rising.

    Examples
    --------
    >>> [round(one_cycle(p, 1.0, 0.0, 0.2), 2) for p in (0.0, 0.1, 0.2, 0.6, 1.0)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """
    progress = min(max(progress, 0.0), 1.0)
    if progress < warmup:
        start = peak / 25.0
        return start + (peak - start) * progress / warmup
    share = (progress - warmup) / (1.0 - warmup)
    return floor + (peak - floor) * 0.5 * (1.0 + math.cos(math.pi * share))
