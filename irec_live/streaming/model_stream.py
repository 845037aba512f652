"""Streaming inference with one network: windows, batches, and rows on the time axis.

Silent windows do not reach the network. There are no threads here; `ModelStream.predict` may be called from several.

Shapes: K labels of the pipeline, k labels of this network, T samples in a window, N frames, B windows, m rows.
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
        """ONNX Runtime's execution providers, the preferred one first."""

    def __call__(self, windows: Array, /) -> Array:
        """Predict windows, (B, T) float32: activations, (B, k) float32, or envelopes, (B, k, N) float32; all 0..1."""


class Job:
    """A batch of windows for one call of the network, and afterwards its predictions.

    Attributes
    ----------
    windows : list of (T,) float32
    starts : list of int
        Absolute index of each window's first sample, at the network's rate.
    outputs : (B, k) or (B, k, N) float32
        Filled in by `ModelStream.predict`; 0 for silent windows.
    predicted : int
        Windows that the network was run on: those that were not silent.
    seconds : float
        Inference time; 0 if all windows were silent.
    """

    __slots__ = ("outputs", "predicted", "seconds", "starts", "windows")

    def __init__(self, windows: list[Array], starts: list[int]) -> None:
        self.windows = windows
        self.starts = starts
        self.outputs: Array = np.zeros(0, np.float32)
        self.predicted = 0
        self.seconds = 0.0


class ModelStream:
    """Samples in, rows of activations or envelopes out, for one network.

    Parameters
    ----------
    model : WindowPredictor
    labels : sequence of str
        The pipeline's K labels; columns that the network does not have stay 0.
    hop_length : int
        Samples between windows, at the network's rate.
    silence_db : float
        Windows whose RMS is below this, in dBFS, do not reach the network: their output is 0.
    batch : int
        Windows predicted in one call, where so many wait.

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
        """Forget all samples; `skipped` is kept."""
        self._windower.reset()
        self._pending.clear()
        if self._overlap is not None:
            self._overlap.reset()

    def take(self, samples: Array) -> None:
        """Take the next samples, (n,) float32; windows that become complete wait for `jobs`."""
        self._pending.extend(self._windower.push(samples))

    def take_tail(self) -> None:
        """End the stream: the last samples wait in a window padded with zeros."""
        self._pending.extend(self._windower.flush())

    def jobs(self, max_pending: int | None) -> list[Job]:
        """All waiting windows, oldest first.

        Parameters
        ----------
        max_pending : int, optional
            If more wait, drop the oldest and count them in `skipped`.
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
        """End of the job's last window, in seconds from the stream's sample 0."""
        return (job.starts[-1] + self.spec.window_length) / self.spec.sample_rate

    def predict(self, job: Job) -> None:
        """Run the network on the windows of the job that are not silent. Any thread, several at once."""
        spec = self.spec
        shape = (len(spec.labels),) if spec.kind == "activation" else (len(spec.labels), spec.frames)
        job.outputs = np.zeros((len(job.windows), *shape), np.float32)
        loud = [i for i, window in enumerate(job.windows) if self._is_loud_enough(window)]
        job.predicted = len(loud)
        if loud:
            # Always a full batch: ONNX Runtime's CUDA provider plans and tunes again for each batch size it meets.
            windows = np.zeros((self._batch, spec.window_length), np.float32)
            windows[: len(loud)] = [job.windows[i] for i in loud]
            started = time.perf_counter()
            job.outputs[loud] = self.model(windows)[: len(loud)]
            job.seconds = time.perf_counter() - started

    def _is_loud_enough(self, window: Array) -> bool:
        # Not np.dot: at this length NumPy's BLAS wakes its thread pool, which costs more than it saves.
        return float(np.mean(np.square(window))) >= self._silence_power

    def rows(self, job: Job) -> tuple[Times, Array]:
        """Rows that a predicted job completes. Jobs must come in the order of their windows.

        Returns
        -------
        times : (m,) float64
            Seconds from the stream's sample 0: window centres of activations, frame centres of envelopes.
        rows : (m, K) float32
            0..1.
        """
        if self._overlap is None:
            starts = np.array(job.starts, np.float64)
            return (starts + self.spec.window_length / 2) / self.spec.sample_rate, self._spread(job.outputs)
        parts = [self._add(output, start) for output, start in zip(job.outputs, job.starts, strict=True)]
        return np.concatenate([times for times, _ in parts]), np.concatenate([rows for _, rows in parts])

    def tail_rows(self) -> tuple[Times, Array]:
        """Envelope frames that no later window will complete now; see `rows`."""
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
        """Columns of this network, (n, k), at their places among the pipeline's, (n, K); the others are 0."""
        out = np.zeros((len(values), self._n_labels), np.float32)
        out[:, self._columns] = values
        return out


def hop_length(model: WindowPredictor, hop_s: float | None) -> int:
    """Samples between windows: `hop_s` for activations; envelopes keep the overlap that their model states."""
    spec = model.spec
    if hop_s is None or spec.kind == "envelope":
        return spec.hop_length
    if not 0.0 < hop_s <= spec.window_s:
        raise ValueError(f"hop {hop_s} s does not fit the {spec.window_s:g} s windows of {spec.name}")
    return max(1, round(hop_s * spec.sample_rate))


def thresholds(models: Sequence[WindowPredictor]) -> dict[str, Threshold]:
    """By label, the thresholds of the activation model, which are those that the tracker compares with."""
    return {
        label: model.spec.threshold(label)
        for model in models
        if model.spec.kind == "activation"
        for label in model.spec.labels
    }
