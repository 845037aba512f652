"""Learning rates over a run."""

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


class Plateau:
    """Multiply the rate by `factor` whenever a score has not risen for `patience` validations.

    Häusler and Maier (section 4.4) divide by 5 after 8 epochs without gain, down to 1e-5.

    Examples
    --------
    >>> plateau = Plateau(rate=1.0, factor=0.2, patience=2, floor=0.1)
    >>> [plateau.update(score) for score in (1.0, 1.0, 1.0, 2.0, 2.0, 2.0)]
    [1.0, 1.0, 0.2, 0.2, 0.2, 0.1]
    """

    def __init__(self, rate: float, factor: float, patience: int, floor: float) -> None:
        self.rate = rate
        self.factor = factor
        self.patience = patience
        self.floor = floor
        self.best = -math.inf
        self.flat = 0

    def update(self, score: float) -> float:
        """Take one validation's score (higher is better); the rate from now on."""
        if score > self.best:
            self.best, self.flat = score, 0
            return self.rate
        self.flat += 1
        if self.flat >= self.patience:
            self.rate, self.flat = max(self.rate * self.factor, self.floor), 0
        return self.rate

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"rate": self.rate, "best": self.best, "flat": float(self.flat)}

    def restore(self, state: dict[str, float]) -> None:
        """Continue from `state`."""
        self.rate, self.best, self.flat = state["rate"], state["best"], int(state["flat"])
