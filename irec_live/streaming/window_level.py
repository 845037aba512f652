"""Level of overlapping windows, from sums that are added up once a stream.

Only the worker's thread uses it.

Shapes: n samples in a block, T samples in a window, S samples in a stretch.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
_Sums = npt.NDArray[np.float64]


class WindowLevel(NamedTuple):
    """A window without its samples.

    Attributes
    ----------
    start : int
        Absolute index of its first sample.
    energy : float
        Sum of its squared samples.
    level : float
        RMS about its mean.
    """

    start: int
    energy: float
    level: float


class WindowLevels:
    """The windows that `irec_live.streaming.windows.Windower` cuts, without a copy of their samples.

    Windows and the hops between them are made of stretches of equal length; of each the sums are kept, in double
    precision.

    Parameters
    ----------
    window_length, hop_length : int
        As of the windower. Their greatest common divisor is the length S of a stretch; a short one saves nothing.

    Examples
    --------
    >>> levels = WindowLevels(4, 2)
    >>> levels.push(np.float32([3, 1, 3, 1, 1]))
    [WindowLevel(start=0, energy=20.0, level=1.0)]
    >>> levels.flush()
    [WindowLevel(start=2, energy=11.0, level=1.0897247358851685)]
    """

    def __init__(self, window_length: int, hop_length: int) -> None:
        self.window_length = window_length
        self.hop_length = hop_length
        self._stretch = math.gcd(window_length, hop_length)
        self.reset()

    @property
    def samples(self) -> int:
        """Samples taken so far."""
        return self._summed * self._stretch + self._tail.size

    @property
    def next_end(self) -> int:
        """Absolute index of the sample behind the next window."""
        return self._next + self.window_length

    def reset(self) -> None:
        """Forget all samples and start again at index 0."""
        self._tail: Samples = np.zeros(0, np.float32)  # samples of the stretch that is not whole yet
        self._sums: _Sums = np.zeros((0, 2))  # of each stretch from the next window's first on, samples and squares
        self._summed = 0  # stretches summed so far
        self._next = 0  # absolute start of the next window

    def push(self, block: Samples) -> list[WindowLevel]:
        """Take the next samples, (n,) float32; every window that became complete, oldest first."""
        samples = np.concatenate([self._tail, block]) if self._tail.size else block
        count = samples.size // self._stretch
        self._tail = samples[count * self._stretch :].copy()
        if not count:
            return []
        wide = samples[: count * self._stretch].astype(np.float64).reshape(count, self._stretch)
        self._sums = np.concatenate([self._sums, np.stack([wide.sum(axis=1), np.einsum("cs,cs->c", wide, wide)], 1)])
        self._summed += count
        found = []
        while self._next + self.window_length <= self._summed * self._stretch:
            found.append(self._cut())
        return found

    def flush(self) -> list[WindowLevel]:
        """End the stream: one window padded with zeros if some samples were in none yet. Then `reset` must follow."""
        covered = self._next - self.hop_length + self.window_length if self._next else 0
        if self.samples <= covered:
            return []
        return self.push(np.zeros(self.next_end - self.samples, np.float32))

    def _cut(self) -> WindowLevel:
        """The next window, which must be complete."""
        first = self._next // self._stretch - (self._summed - len(self._sums))
        total, energy = self._sums[first : first + self.window_length // self._stretch].sum(axis=0).tolist()
        start = self._next
        self._next += self.hop_length
        self._sums = self._sums[first + self.hop_length // self._stretch :]
        variance = energy / self.window_length - (total / self.window_length) ** 2
        return WindowLevel(start, energy, math.sqrt(max(variance, 0.0)))
