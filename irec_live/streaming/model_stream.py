"""ModelStream: one network on a stream of samples at its own rate.

Cuts windows, passes over silent ones, runs the network, and puts rows on the time axis. No threads of its own; `predict`
may be called from several.

Shapes: K labels of the pipeline, k labels of this network, T samples in a window, N frames, B batch, m rows.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from irec_live.models.spec import ModelSpec, Threshold
from irec_live.streaming.overlap_add import OverlapAdd
from irec_live.streaming.windows import Windower

Array = npt.NDArray[np.float32]
Times = npt.NDArray[np.float64]


class WindowPredictor(Protocol):
    """What a pipeline needs of a network; `irec_live.models.detector.Detector` is one."""

    @property
    def spec(self) -> ModelSpec:
        """What it expects and returns."""

    @property
    def providers(self) -> tuple[str, ...]:
        """What it runs on, first choice first."""

    def __call__(self, windows: Array, /) -> Array:
        """Windows (B, T) to activations (B, k) or envelopes (B, k, N)."""


class Job:
    """Windows to be judged in one call, and then what came out.

    Attributes
    ----------
    windows : list of (T,) float32
    starts : list of int
        Absolute index of each window's first sample, at the network's rate.
    outputs : (B, k) or (B, k, N) float32
        Filled in by `ModelStream.predict`; 0 for silent windows.
    predicted : int
        Windows that were not silent.
    seconds : float
        Time the network took.
    """

    __slots__ = ("outputs", "predicted", "seconds", "starts", "windows")

    def __init__(self, windows: list[Array], starts: list[int]) -> None:
        self.windows = windows
        self.starts = starts
        self.outputs: Array = np.zeros(0, np.float32)
        self.predicted = 0
        self.seconds = 0.0


class ModelStream:
    """Windows in, rows out, for one network.

    Parameters
    ----------
    model : WindowPredictor
    labels : sequence of str
        The pipeline's K labels; columns that the network does not have stay 0.
    hop_length : int
        Samples between windows, at the network's rate.
    silence_db : float
        Windows whose RMS is below are not judged: their output is 0.
    batch : int
        Windows judged in one call, where so many wait.

    Raises
    ------
    ValueError
        `hop_length` does not fit the window.
    """

    def __init__(
        self, model: WindowPredictor, labels: Sequence[str], *, hop_length: int, silence_db: float, batch: int = 1
    ) -> None:
        spec = model.spec
        self.model = model
        self.spec = spec
        self.hop_s = hop_length / spec.sample_rate
        self.skipped = 0
        self._batch = batch
        self._columns = np.array([list(labels).index(label) for label in spec.labels])
        self._n_labels = len(labels)
        self._silence_power: float = 10.0 ** (silence_db / 10)
        self._windower = Windower(spec.window_length, hop_length)
        self._pending: deque[tuple[Array, int]] = deque()
        self._overlap: OverlapAdd | None = None
        if spec.kind == "envelope":
            self._overlap = OverlapAdd(len(labels), spec.frames, hop_length // spec.frame_hop)

    def reset(self) -> None:
        """Forget all samples; `skipped` goes on counting."""
        self._windower.reset()
        self._pending.clear()
        if self._overlap is not None:
            self._overlap.reset()

    def take(self, samples: Array) -> None:
        """Take the next samples; windows that become whole wait for `jobs`."""
        self._pending.extend(self._windower.push(samples))

    def take_tail(self) -> None:
        """End the stream: the last samples wait in a window completed with zeros."""
        self._pending.extend(self._windower.flush())

    def jobs(self, max_pending: int | None) -> list[Job]:
        """All waiting windows, oldest first.

        Parameters
        ----------
        max_pending : int, optional
            Skip the oldest, and count them, where more wait.
        """
        if max_pending is not None:
            while len(self._pending) > max_pending:
                self._pending.popleft()
                self.skipped += 1
        waiting = list(self._pending)
        self._pending.clear()
        groups = [waiting[first : first + self._batch] for first in range(0, len(waiting), self._batch)]
        return [Job([window for window, _ in group], [start for _, start in group]) for group in groups]

    def end_s(self, job: Job) -> float:
        """When the job's last window is over, in seconds from the stream's sample 0."""
        return (job.starts[-1] + self.spec.window_length) / self.spec.sample_rate

    def predict(self, job: Job) -> None:
        """Run the network on those windows of the job that are not silent. Any thread, several at once."""
        spec = self.spec
        shape = (len(spec.labels),) if spec.kind == "activation" else (len(spec.labels), spec.frames)
        job.outputs = np.zeros((len(job.windows), *shape), np.float32)
        loud = [i for i, window in enumerate(job.windows) if self._is_loud_enough(window)]
        job.predicted = len(loud)
        if loud:
            # A whole batch even of few windows: a GPU plans anew for each batch size that it has not met.
            windows = np.zeros((self._batch, spec.window_length), np.float32)
            windows[: len(loud)] = [job.windows[i] for i in loud]
            started = time.perf_counter()
            job.outputs[loud] = self.model(windows)[: len(loud)]
            job.seconds = time.perf_counter() - started

    def _is_loud_enough(self, window: Array) -> bool:
        # Not np.dot: for a window of this length a BLAS wakes threads, which costs more than it saves.
        return float(np.mean(np.square(window))) >= self._silence_power

    def rows(self, job: Job) -> tuple[Times, Array]:
        """Rows that a judged job completes.

        Returns
        -------
        times : (m,) float64
            Seconds from the stream's sample 0: window centres of activations, frame centres of envelopes.
        rows : (m, K) float32
        """
        if self._overlap is None:
            starts = np.array(job.starts, np.float64)
            return (starts + self.spec.window_length / 2) / self.spec.sample_rate, self._spread(job.outputs)
        parts = [self._add(output, start) for output, start in zip(job.outputs, job.starts, strict=True)]
        return np.concatenate([times for times, _ in parts]), np.concatenate([rows for _, rows in parts])

    def tail_rows(self) -> tuple[Times, Array]:
        """Envelope frames that still waited for a later window; see `rows`."""
        if self._overlap is None:
            return np.zeros(0), np.zeros((0, self._n_labels), np.float32)
        rows, first = self._overlap.flush()
        return self._frame_times(first, len(rows)), rows

    def _add(self, output: Array, start: int) -> tuple[Times, Array]:
        if self._overlap is None:
            raise ValueError("an activation model has no frames to add")
        envelope = self._spread(output.T).T  # (K, N)
        rows, first = self._overlap.push(envelope, start // self.spec.frame_hop)
        return self._frame_times(first, len(rows)), rows

    def _frame_times(self, first: int, count: int) -> Times:
        times: Times = np.arange(first, first + count, dtype=np.float64) * (self.spec.frame_hop / self.spec.sample_rate)
        return times

    def _spread(self, values: Array) -> Array:
        """(n, k) to the pipeline's (n, K)."""
        out = np.zeros((len(values), self._n_labels), np.float32)
        out[:, self._columns] = values
        return out


def hop_length(model: WindowPredictor, hop_s: float | None) -> int:
    """Samples between windows; envelopes keep to their own overlap."""
    spec = model.spec
    if hop_s is None or spec.kind == "envelope":
        return spec.hop_length
    if not 0.0 < hop_s <= spec.window_s:
        raise ValueError(f"hop {hop_s} s does not fit the {spec.window_s:g} s windows of {spec.name}")
    return max(1, round(hop_s * spec.sample_rate))


def thresholds(models: Sequence[WindowPredictor]) -> dict[str, Threshold]:
    """By label; the activation model's are what the tracker compares."""
    return {
        label: model.spec.threshold(label)
        for model in models
        if model.spec.kind == "activation"
        for label in model.spec.labels
    }
