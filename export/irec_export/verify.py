"""Parity check: outputs and speed of a converted network against the original.

Shapes: B batch, T samples in a window, K labels, N frames.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from irec_live.models.detector import Detector
from irec_live.streaming.state_stream import StatefulMaker
from irec_models.nets import StatefulNetwork

BATCH_SIZES = (1, 3, 7)
"""None of them is the size that was traced (2), so a batch axis that was frozen in shows."""

STREAM_STEPS = 5
"""Steps of a network that keeps a state, in a call: neither one nor a window."""

TOLERANCE = 1e-4
"""Largest difference of a probability that counts as the same network."""

Array = npt.NDArray[np.float32]
Predict = Callable[[Array], Array]
"""Windows (B, T) to activations (B, K) or envelopes (B, K, N)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far two networks are apart.

    Attributes
    ----------
    differences : dict of int to float
        Batch size to largest absolute difference of any output.
    worst : str
        Name of the window where the largest difference was seen.
    n_windows : int
    """

    differences: dict[int, float]
    worst: str
    n_windows: int

    @property
    def largest(self) -> float:
        """Over all batch sizes."""
        return max(self.differences.values())


def compare(
    original: Predict, converted: Predict, windows: Mapping[str, Array], batch_sizes: Sequence[int] = BATCH_SIZES
) -> Comparison:
    """Run the same windows through both, at every batch size.

    Parameters
    ----------
    original, converted : callable
        Windows (B, T) float32 to outputs (B, ...).
    windows : mapping of str to (T,) float32
    batch_sizes : sequence of int

    Raises
    ------
    ValueError
        No windows, or outputs of different shapes.

    Examples
    --------
    >>> one = {"ramp": np.linspace(0, 1, 5, dtype=np.float32)}
    >>> compare(lambda x: x, lambda x: x + np.float32(0.25), one).largest
    0.25
    """
    if not windows:
        raise ValueError("there are no windows to compare on")
    names = list(windows)
    differences: dict[int, float] = {}
    worst, worst_difference = names[0], -1.0
    for size in batch_sizes:
        differences[size] = 0.0
        for start in range(0, len(names), size):
            # The last batch wraps around, so that every batch has exactly this size.
            chosen = [names[index % len(names)] for index in range(start, start + size)]
            batch = np.stack([windows[name] for name in chosen])
            left, right = original(batch), converted(batch)
            if left.shape != right.shape:
                raise ValueError(f"shapes differ at batch {size}: {left.shape} and {right.shape}")
            # A NaN on one side is as far apart as can be; on both sides it is a broken network all the same.
            apart = np.nan_to_num(np.abs(left - right), nan=np.inf).reshape(size, -1).max(axis=1)
            differences[size] = max(differences[size], float(apart.max()))
            if apart.max() > worst_difference:
                worst, worst_difference = chosen[int(apart.argmax())], float(apart.max())
    return Comparison(differences, worst, len(names))


def compare_streams(original: StatefulNetwork, converted: StatefulMaker, windows: Mapping[str, Array]) -> float:
    """Largest difference of any output over one stream of all windows, converted `STREAM_STEPS` at a time.

    Parameters
    ----------
    original : StatefulNetwork
    converted : StatefulMaker
        As `Detector.stateful` is.
    windows : mapping of str to (T,) float32
    """
    audio = torch.from_numpy(np.concatenate(list(windows.values())))[None]
    with torch.inference_mode():
        powers = original.sequence_columns(audio)
        wanted = original.probabilities(original.advance(powers)[0])[0].numpy()
    found, state, columns = [], converted.begin(), powers[0].numpy()
    size = STREAM_STEPS * converted.step
    for first in range(0, len(columns), size):
        rows, state = converted.advance(columns[first : first + size], state)
        found.append(rows)
    return float(np.nan_to_num(np.abs(np.concatenate(found) - wanted), nan=np.inf).max())


def median_ms(detectors: Sequence[Detector], repeats: int = 30) -> tuple[float, ...]:
    """Milliseconds that one window takes each detector, measured in turns so that a busy machine hits all alike."""
    noise = np.random.default_rng(0)
    windows = [noise.uniform(-0.5, 0.5, (1, d.spec.window_length)).astype(np.float32) for d in detectors]
    times_ms: list[list[float]] = [[] for _ in detectors]
    for _ in range(repeats):
        for detector, window, times in zip(detectors, windows, times_ms, strict=True):
            start = time.perf_counter()
            detector(window)
            times.append(1e3 * (time.perf_counter() - start))
    return tuple(float(np.median(times)) for times in times_ms)
