"""ContextStream: the last seconds of a stream's features, for a network that hears more than its newest window.

Only the worker's thread uses it. What it gives does not depend on how windows are gathered into batches: each context
is made of its own rows, by the same sums.

Shapes: B windows of a batch, K labels, W features, C values of a context.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class _Spans(Protocol):
    @property
    def width(self) -> int: ...

    @property
    def means_s(self) -> tuple[float, ...]: ...

    @property
    def maxima_s(self) -> tuple[float, ...]: ...

    @property
    def size(self) -> int: ...


class ContextDecider(Protocol):
    """What decides from contexts; `irec_live.models.context.ContextHead` does."""

    @property
    def spec(self) -> _Spans:
        """How a context is made."""

    @property
    def sample_rate(self) -> int:
        """Hz, of the network."""

    def __call__(self, context: Array, /) -> Array:
        """Contexts (B, C) to activations (B, K)."""


class ContextStream:
    """Keeps features for as long as a later window may need them.

    Windows that were silent, skipped or lost have none and count as not heard: after them a context is what is left of
    the seconds before, and after a while nothing but the newest window.

    Parameters
    ----------
    head : ContextDecider
    """

    def __init__(self, head: ContextDecider) -> None:
        self._head = head
        rate = head.sample_rate
        self._means = [round(span * rate) for span in head.spec.means_s]
        self._maxima = [round(span * rate) for span in head.spec.maxima_s]
        self._longest = max((*self._means, *self._maxima), default=0)
        self.reset()

    def reset(self) -> None:
        """Forget all windows."""
        self._starts = np.zeros(0, np.int64)
        self._features = np.zeros((0, self._head.spec.width), np.float32)

    def decide(self, starts: Sequence[int], features: Array) -> Array:
        """Take the next windows that sound, and decide.

        Parameters
        ----------
        starts : sequence of B int
            First sample of each, rising, later than all before.
        features : (B, W) float32

        Returns
        -------
        (B, K) float32
        """
        held = len(self._starts)
        self._starts = np.concatenate([self._starts, np.asarray(starts, np.int64)])
        self._features = np.concatenate([self._features, features])
        contexts = np.stack([self._context(place) for place in range(held, len(self._starts))])
        oldest = int(np.searchsorted(self._starts, self._starts[-1] - self._longest))
        self._starts, self._features = self._starts[oldest:], self._features[oldest:]
        return self._head(contexts)

    def _context(self, place: int) -> Array:
        newest = self._starts[place]
        parts = [self._features[place]]
        for spans, pool in ((self._means, np.mean), (self._maxima, np.max)):
            for span in spans:
                first = int(np.searchsorted(self._starts, newest - span))
                parts.append(pool(self._features[first : place + 1], axis=0))
        return np.concatenate(parts)
