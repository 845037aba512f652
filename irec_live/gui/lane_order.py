"""Sorting the lanes by activity, with hysteresis.

A list that is sorted thirty times a second cannot be read. Here lanes change places at most every `dwell_s` seconds, by
a slow average of their activity, and only if the difference exceeds a margin.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


class LaneOrder:
    """An order of K lanes by their average activity, with hysteresis and a minimum dwell time.

    Parameters
    ----------
    lanes : int
        K; they start in their own order.
    dwell_s : float
        Shortest time between two changes of the order.
    margin : float
        By how much the slow activity (0..1, and `LIT_BONUS` while lit) of a lane must exceed its upper neighbour's.
    average_s : float
        Time constant of the slow activity.

    Examples
    --------
    >>> order = LaneOrder(3, dwell_s=2.0, average_s=0.001)
    >>> order.update(np.array([0.1, 0.9, 0.2]), np.array([False, True, False]), now_s=0.0).tolist()
    [1, 0, 2]
    >>> order.update(np.array([0.9, 0.1, 0.2]), np.array([True, False, False]), now_s=1.0).tolist()
    [1, 0, 2]
    >>> order.update(np.array([0.9, 0.1, 0.2]), np.array([True, False, False]), now_s=2.0).tolist()
    [0, 1, 2]
    """

    LIT_BONUS = 0.5
    """Added to the activity of a lane whose label is lit: detected labels come before those that are only likely."""

    def __init__(self, lanes: int, *, dwell_s: float = 2.0, margin: float = 0.15, average_s: float = 1.5) -> None:
        if lanes < 0 or dwell_s < 0 or margin < 0 or average_s <= 0:
            raise ValueError("lanes, dwell_s and margin must not be negative, and average_s must be positive")
        self._order = np.arange(lanes)
        self._activity = np.zeros(lanes)
        self._dwell_s, self._margin, self._average_s = dwell_s, margin, average_s
        self._updated_s: float | None = None
        self._moved_s = -math.inf

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """Lane indices from top to bottom, (K,) int."""
        return self._order

    def update(
        self, activation: npt.NDArray[np.floating], lit: npt.NDArray[np.bool_], now_s: float
    ) -> npt.NDArray[np.intp]:
        """Take the newest activations and return the order to show.

        Parameters
        ----------
        activation : (K,) float
            0..1.
        lit : (K,) bool
            Whether each label is detected.
        now_s : float
            Any clock that does not run backwards.

        Raises
        ------
        ValueError
            The arrays do not have K entries.
        """
        if activation.shape != self._activity.shape or lit.shape != self._activity.shape:
            raise ValueError(f"expected {self._activity.size} lanes, got {activation.shape} and {lit.shape}")
        elapsed = math.inf if self._updated_s is None else max(0.0, now_s - self._updated_s)
        self._updated_s = now_s
        # Exponential moving average for uneven intervals; the first value is taken as it is.
        share = 1.0 - math.exp(-elapsed / self._average_s)
        self._activity += share * (activation + self.LIT_BONUS * lit - self._activity)
        if now_s - self._moved_s >= self._dwell_s and self._sift():
            self._moved_s = now_s
        return self._order

    def _sift(self) -> bool:
        """Insertion sort in which a lane passes another only by more than the margin; returns whether any moved."""
        order = list(self._order)
        for start in range(1, len(order)):
            place = start
            while place and self._activity[order[place]] > self._activity[order[place - 1]] + self._margin:
                order[place - 1], order[place] = order[place], order[place - 1]
                place -= 1
        moved = not np.array_equal(order, self._order)
        self._order = np.array(order, np.intp)
        return moved
