"""Inference time statistics: percentiles over the last hops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
        self._sorted = (0, np.zeros(0))  # of so many hops; a view asks thirty times a second, hops are ten

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
        hops, ordered = self._sorted
        if hops != self._hops:
            hops = self._hops
            ordered = np.sort(self._ms[: min(hops, _HOPS)])
            self._sorted = (hops, ordered)
        if not ordered.size:
            return (0.0,) * len(shares)
        return tuple(_percentile(ordered, share) for share in shares)


def _percentile(ordered: npt.NDArray[np.float64], share: float) -> float:
    """As `numpy.percentile` does it, at a fiftieth of its price for so few numbers."""
    place = share / 100.0 * (ordered.size - 1)
    below = min(int(place), ordered.size - 1)
    above = min(below + 1, ordered.size - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
