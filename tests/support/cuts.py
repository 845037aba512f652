"""Ways to cut a signal into blocks. What a streaming object says must not depend on them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CUTS: tuple[int | str, ...] = (1, 7, 160, 512, 4096, "all", "random")
"""Block sizes; a one-sample cut of a long signal is slow, so tests with networks start at 7."""


def cut(signal: np.ndarray, how: int | str, seed: int = 0) -> Iterator[np.ndarray]:
    """The signal in blocks along its first axis; random blocks may be empty."""
    if how == "all":
        yield signal
    elif how == "random":
        edges = np.sort(np.random.default_rng(seed).integers(0, len(signal) + 1, 23))
        yield from np.split(signal, edges)
    else:
        for first in range(0, len(signal), int(how)):
            yield signal[first : first + int(how)]


def noise(samples: int, seed: int = 0, amplitude: float = 0.1) -> np.ndarray:
    """Gaussian noise, (samples,) float32."""
    return (amplitude * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)
