"""Inference time statistics: percentiles over the last hops."""

from __future__ import annotations

import numpy as np

_HOPS = 600
"""Hops kept: one minute at the usual hop of 100 ms."""


class HopTimes:
    """Inference time of each hop, all networks together, in a ring buffer. One thread writes, any reads.

    Examples
    --------
    >>> times = HopTimes()
    >>> times.add(0.004)
    >>> times.add(0.002)
    >>> times.close()
    >>> [round(ms, 6) for ms in times.percentiles(50, 99)]
    [6.0, 6.0]
    """

    def __init__(self) -> None:
        # NB: the worker overwrites single numbers while a reader copies; a copy may mix two turns of the ring, which
        # changes no percentile that anyone could notice.
        self._ms = np.zeros(_HOPS)
        self._hops = 0
        self._open_s = 0.0

    def add(self, seconds: float) -> None:
        """Add inference time to the hop in progress."""
        self._open_s += seconds

    def close(self, hops: int = 1) -> None:
        """End the hop in progress, or `hops` of them that were predicted in one batch."""
        self._ms[self._hops % _HOPS] = 1000.0 * self._open_s / hops
        self._hops += 1
        self._open_s = 0.0

    def percentiles(self, *shares: float) -> tuple[float, ...]:
        """Milliseconds at these percentiles, 0..100; 0 before the first hop."""
        recent = self._ms[: min(self._hops, _HOPS)].copy()
        if not recent.size:
            return (0.0,) * len(shares)
        return tuple(np.percentile(recent, shares).tolist())
