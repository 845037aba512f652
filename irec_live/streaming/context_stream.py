"""ContextStream: the last seconds of a stream's features, for a network that hears more than its newest window.

Only the worker's thread uses it. What it gives does not depend on how windows are gathered into batches: means are
differences of one running sum, in double precision, and maxima have no rounding.

Shapes: B windows of a batch, K labels, W features, C values of a context, S spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_LARGEST = 1e9
"""A feature beyond counts as this in means: it would stay in the last digits of the running sum for good."""


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
        self._n_means = len(head.spec.means_s)
        self._spans = np.array([round(span * rate) for span in (*head.spec.means_s, *head.spec.maxima_s)], np.int64)
        self._longest = int(self._spans.max(initial=0))
        self.reset()

    def reset(self) -> None:
        """Forget all windows."""
        width = self._head.spec.width
        self._starts = np.zeros(0, np.int64)
        self._features = np.zeros((0, width), np.float32)
        self._sums = np.zeros((1, width))  # of all features before each window, and behind the last

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
        newest = np.asarray(starts, np.int64)
        self._starts = np.concatenate([self._starts, newest])
        self._features = np.concatenate([self._features, features])
        added = np.concatenate([self._sums[-1:], np.minimum(np.maximum(features, -_LARGEST), _LARGEST)])
        self._sums = np.concatenate([self._sums, np.add.accumulate(added)[1:]])
        contexts = self._contexts(newest, held)
        oldest = int(self._starts.searchsorted(newest[-1] - self._longest))
        self._starts, self._features, self._sums = self._starts[oldest:], self._features[oldest:], self._sums[oldest:]
        return self._head(contexts)

    def _contexts(self, newest: npt.NDArray[np.int64], held: int) -> Array:
        """Contexts, (B, C), of windows that start at `newest` and of which `held` others lie before."""
        contexts = np.empty((len(newest), 1 + len(self._spans), self._head.spec.width), np.float32)
        contexts[:, 0] = self._features[held:]
        firsts = self._starts.searchsorted(newest[:, None] - self._spans)  # (B, S)
        ends = held + 1 + np.arange(len(newest))
        first, means = firsts[:, : self._n_means], contexts[:, 1 : 1 + self._n_means]
        means[:] = (self._sums[ends, None] - self._sums[first]) / (ends[:, None] - first)[:, :, None]
        for number in range(self._n_means, len(self._spans)):
            for row, (begin, end) in enumerate(zip(firsts[:, number].tolist(), ends.tolist(), strict=True)):
                np.maximum.reduce(self._features[begin:end], axis=0, out=contexts[row, 1 + number])
        return contexts.reshape(len(newest), -1)
