"""Streaming inference with one network: windows, batches, and rows on the time axis.

Silent windows do not reach the network. There are no threads here; `ModelStream.predict` may be called from several.

Shapes: K labels of the pipeline, k labels of this network, T samples in a window, N frames, B windows, m rows.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from irec_live.models.spec import ModelSpec, Threshold
from irec_live.streaming.column_stream import ColumnStreams, WindowMaker
from irec_live.streaming.context_stream import ContextDecider, ContextStream
from irec_live.streaming.overlap_add import OverlapAdd
from irec_live.streaming.state_stream import FollowingHead, StatefulMaker, StateStream
from irec_live.streaming.window_level import WindowLevel, WindowLevels
from irec_live.streaming.windows import Windower

Array = npt.NDArray[np.float32]
Times = npt.NDArray[np.float64]

_STEPS = 4
"""Windows of a network with a state for one of another, where many go into a call: each costs a step alone, and 64 of
them a quarter less than four times 16."""


_ROUNDING = 1e-6
"""Of frames: seconds that are whole ones may be a little less."""


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


class Window(NamedTuple):
    """A window that waits for its prediction.

    Attributes
    ----------
    start : int
        Absolute index of its first sample, at the network's rate.
    audio : (T,) or (1,) float32
        Its samples, or its level, where the network needs no more than that.
    columns : (N, F) float32 or None
        Where the network shares them and the window is predicted on.
    loud : bool
        Whether it is predicted on.
    """

    start: int
    audio: Array
    columns: Array | None
    loud: bool


class WindowBatch:
    """A batch of windows for one call of the network, and afterwards its predictions.

    Attributes
    ----------
    windows : list of Window
        Given up once predicted on.
    starts : list of int
        Absolute index of each window's first sample, at the network's rate.
    outputs : (B, k) or (B, k, N) float32
        Filled in by `ModelStream.predict`; 0 for silent windows.
    features : (predicted, W) float32 or None
        Of a network with a context: of the windows that it was run on.
    loud : (B,) bool
        Which windows those were.
    predicted : int
        Windows that the network was run on: those that were not silent.
    seconds : float
        Inference time; 0 if all windows were silent.
    maps : list of (V, ...) float32
        Of a network that is followed: what `ModelStream.follow` tells envelopes from.
    following : list of (int, bool)
        Of a network that is followed: windows of the one that follows, each with its start and whether it is one of V.
    envelopes : (V, k, N) float32 or None
        Of these, filled in by `ModelStream.follow`.
    followed : Future or None
        Of that call, where an executor makes it.
    """

    __slots__ = (
        "envelopes",
        "features",
        "followed",
        "following",
        "loud",
        "maps",
        "outputs",
        "predicted",
        "seconds",
        "starts",
        "windows",
    )

    def __init__(self, windows: list[Window]) -> None:
        self.windows = windows
        self.starts = [window.start for window in windows]
        self.outputs: Array = np.zeros(0, np.float32)
        self.features: Array | None = None
        self.loud = np.ones(len(windows), np.bool_)
        self.predicted = 0
        self.seconds = 0.0
        self.maps: list[Array] = []
        self.following: list[tuple[int, bool]] = []
        self.envelopes: Array | None = None
        self.followed: Future[None] | None = None

    @property
    def silent(self) -> bool:
        """Whether no window is to be predicted on."""
        return not any(window.loud for window in self.windows)


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
    columns : ColumnStreams, optional
        Of the pipeline, whose networks share what they can; its own by default.
    head : FollowingHead, optional
        Of a network of envelopes that follows this one; see `head_that_follows`.
    follows : bool
        Whether this is the network that follows: it has no windows of its own, and is given `rows_behind` another's.

    Raises
    ------
    ValueError
        `hop_length` does not fit the window.
    """

    def __init__(
        self,
        model: WindowPredictor,
        labels: Sequence[str],
        *,
        hop_length: int,
        silence_db: float,
        batch: int = 1,
        columns: ColumnStreams | None = None,
        head: FollowingHead | None = None,
        follows: bool = False,
    ) -> None:
        spec = model.spec
        self.model = model
        self.spec = spec
        self.head = head
        self.follows = follows
        self.hop_s = hop_length / spec.sample_rate
        self._hop = hop_length
        self.skipped = 0
        self._batch = batch
        # Always whole batches on a GPU, which plans anew for each batch size that it has not met.
        self._padded = any("CUDA" in provider for provider in model.providers)
        self._columns = [list(labels).index(label) for label in spec.labels]
        self._same_labels = tuple(labels) == spec.labels
        self._n_labels = len(labels)
        self._silence_energy: float = 10.0 ** (silence_db / 10) * spec.window_length
        shared = None if follows else _shared_columns(model, hop_length)
        self._columns_of = None
        if shared is not None:
            self._columns_of = (columns or ColumnStreams()).reader(shared, spec.sample_rate)
        levelled = shared is not None and shared.levelled
        self._state = None
        if isinstance(shared, StatefulMaker):
            self._state = StateStream(shared, hop_length, 0 if head is None else head.steps)
        if self._state is not None and batch > 1:
            self._batch = _STEPS * batch
        self._shared = None if isinstance(shared, StatefulMaker) else shared
        self._cutter = (WindowLevels if levelled else Windower)(spec.window_length, hop_length)
        context: ContextDecider | None = getattr(model, "context", None)
        self._context = ContextStream(context) if context is not None else None
        self._pending: deque[Window] = deque()
        self._begun = False
        self._overlap: OverlapAdd | None = None
        if spec.kind == "envelope":
            self._overlap = OverlapAdd(len(labels), spec.frames, hop_length // spec.frame_hop)

    @property
    def in_turn(self) -> bool:
        """Whether batches must be predicted one after the other, in their order."""
        return self._state is not None

    @property
    def next_end(self) -> int:
        """Sample of the stream, at the network's rate, with which the next window is whole."""
        return self._cutter.next_end

    def reset(self) -> None:
        """Forget all samples; `skipped` is kept."""
        self._cutter.reset()
        self._pending.clear()
        self._begun = False
        if self._columns_of is not None:
            self._columns_of.reset()
        if self._context is not None:
            self._context.reset()
        if self._state is not None:
            self._state.reset()
        if self._overlap is not None:
            self._overlap.reset()

    def take(self, samples: Array) -> None:
        """Take the next samples, (n,) float32; windows that become complete wait for `batches`."""
        if self._columns_of is not None:
            self._columns_of.push(samples)
        self._wait(self._cutter.push(samples))

    def take_tail(self) -> None:
        """End the stream: the last samples wait in a window padded with zeros."""
        before = self._cutter.samples
        windows = self._cutter.flush()
        if self._columns_of is not None:
            self._columns_of.push(np.zeros(self._cutter.samples - before, np.float32))
        self._wait(windows)

    def _wait(self, windows: Sequence[tuple[Array, int] | WindowLevel]) -> None:
        for window in windows:
            if isinstance(window, WindowLevel):
                start, energy = window.start, window.energy
                audio = np.array([window.level], np.float32)
            else:
                audio, start = window
                # Not np.dot: at this length NumPy's BLAS wakes its thread pool, which costs more than it saves.
                energy = float(np.einsum("t,t->", audio, audio))
            loud = energy >= self._silence_energy
            columns = None
            if self._columns_of is not None and loud:
                columns = self._columns_of.window(start)
            elif self._columns_of is not None:
                self._columns_of.pass_over(start)
            self._pending.append(Window(start, audio, columns, loud))

    def batches(self, max_pending: int | None, *, whole: bool = False) -> list[WindowBatch]:
        """All waiting windows, oldest first.

        Parameters
        ----------
        max_pending : int, optional
            If more wait, drop the oldest and count them in `skipped`.
        whole : bool
            Whole batches only: the newest windows wait for others to fill theirs, but for the first of all.
        """
        if max_pending is not None:
            while len(self._pending) > max_pending:
                self._pending.popleft()
                self.skipped += 1
        # The first of a network with a state come at once: whoever looks on waits for them, and how many there are in a
        # call changes no number.
        whole = whole and (self._begun or self._state is None)
        count = len(self._pending)
        self._begun = self._begun or count > 0
        waiting = [self._pending.popleft() for _ in range(count - count % self._batch if whole else count)]
        return [WindowBatch(waiting[first : first + self._batch]) for first in range(0, len(waiting), self._batch)]

    def end_s(self, batch: WindowBatch) -> float:
        """End of the batch's last window, in seconds from the stream's sample 0."""
        return (batch.starts[-1] + self.spec.window_length) / self.spec.sample_rate

    def predict(self, batch: WindowBatch) -> None:
        """Run the network on those windows of the batch that are not silent; where it is followed, `follow` next.

        Any thread, and several at once, but `in_turn`.
        """
        waiting = batch.windows[:]
        batch.windows.clear()
        if self._state is not None and self.head is not None:
            for start, loud_one in ((window.start, window.loud) for window in waiting):
                first = start + self._state.lead if start else 0
                batch.following += [(at, loud_one) for at in range(first, start + self._state.lead + 1, self._hop)]
        loud = [window for window in waiting if window.loud]
        batch.predicted = len(loud)
        if len(loud) == len(waiting):
            batch.outputs = self._run(loud, batch)
            return
        spec = self.spec
        shape = (len(spec.labels),) if spec.kind == "activation" else (len(spec.labels), spec.frames)
        batch.outputs = np.zeros((len(waiting), *shape), np.float32)
        if loud:
            batch.loud = np.array([window.loud for window in waiting], np.bool_)
            batch.outputs[batch.loud] = self._run(loud, batch)

    def _run(self, waiting: Sequence[Window], batch: WindowBatch) -> Array:
        """What the network says of windows, and how long it took."""
        count = len(waiting)
        columns = [window.columns for window in waiting if window.columns is not None]
        if self._state is not None:
            starts = [window.start for window in waiting]
            started = time.perf_counter()
            if self.head is not None:
                said, batch.maps = self._state.decide_with_maps(starts, columns)
            else:
                said = self._state.decide(starts, columns)
            batch.seconds = time.perf_counter() - started
            return said
        if self._shared is not None and columns:
            audio, shared = _stacked([window.audio for window in waiting]), _stacked(columns)
            started = time.perf_counter()
            if self._context is not None:
                said, batch.features = self._shared.predict_with_features(audio, shared)
            else:
                said = self._shared.predict(audio, shared)
            batch.seconds = time.perf_counter() - started
            return said
        audio = _stacked([window.audio for window in waiting])
        if self._padded and count < self._batch:
            audio = np.concatenate([audio, np.zeros((self._batch - count, audio.shape[1]), np.float32)])
        started = time.perf_counter()
        if self._context is not None:
            both: tuple[Array, Array] = self.model.with_features(audio)  # type: ignore[attr-defined]
            outputs, batch.features = both[0][:count], both[1][:count]
        else:
            outputs = self.model(audio)[:count]
        batch.seconds = time.perf_counter() - started
        return outputs

    def follow(self, batch: WindowBatch) -> None:
        """Run the head that follows on what `predict` has left for it. Any thread, and several at once."""
        if self.head is None or not batch.maps:
            return
        started = time.perf_counter()
        batch.envelopes = self.head(batch.maps)
        batch.seconds += time.perf_counter() - started
        batch.maps = []

    def rows(self, batch: WindowBatch) -> tuple[Times, Array]:
        """Rows that a predicted batch completes. Batches must come in the order of their windows.

        Returns
        -------
        times : (m,) float64
            Seconds from the stream's sample 0: window centres of activations, frame centres of envelopes.
        rows : (m, K) float32
            0..1.
        """
        if self._overlap is None:
            self._decide(batch)
            starts = np.array(batch.starts, np.float64)
            return (starts + self.spec.window_length / 2) / self.spec.sample_rate, self._spread(batch.outputs)
        return self._add_all(batch.outputs, batch.starts)

    def rows_behind(self, batch: WindowBatch) -> tuple[Times, Array]:
        """Rows of the network that follows, which a batch of the followed one completes; see `rows`."""
        outputs = np.zeros((len(batch.following), len(self.spec.labels), self.spec.frames), np.float32)
        if batch.envelopes is not None:
            outputs[[loud for _, loud in batch.following]] = batch.envelopes
        return self._add_all(outputs, [start for start, _ in batch.following])

    def _add_all(self, outputs: Array, starts: Sequence[int]) -> tuple[Times, Array]:
        parts = [self._add(output, start) for output, start in zip(outputs, starts, strict=True)]
        return np.concatenate([times for times, _ in parts]), np.concatenate([rows for _, rows in parts])

    def _decide(self, batch: WindowBatch) -> None:
        """Put what the seconds before tell in the place of what each window alone does."""
        if self._context is None or batch.features is None:
            return
        if batch.loud.all():
            batch.outputs = self._context.decide(batch.starts, batch.features)
        else:
            starts = [batch.starts[index] for index in np.flatnonzero(batch.loud)]
            batch.outputs[batch.loud] = self._context.decide(starts, batch.features)
        batch.features = None

    def tail_rows(self, end_s: float) -> tuple[Times, Array]:
        """Envelope frames up to the end of the stream, in seconds, that no later window will complete now; see `rows`.

        Of a network that follows, the last frames may lie behind its last window, by less than a hop: the last row
        stands for them.
        """
        if self._overlap is None:
            return np.zeros(0), np.zeros((0, self._n_labels), np.float32)
        rows, first = self._overlap.flush()
        if self.follows and len(rows):
            frames = math.floor(end_s * self.spec.sample_rate / self.spec.frame_hop + _ROUNDING) + 1
            missing = frames - first - len(rows)
            if 0 < missing < self._overlap.hop_frames:
                rows = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)])
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
        if self._same_labels:
            return values
        out = np.zeros((len(values), self._n_labels), np.float32)
        out[:, self._columns] = values
        return out


def _stacked(parts: Sequence[Array]) -> Array:
    return parts[0][None] if len(parts) == 1 else np.stack(parts)


def _shared_columns(model: WindowPredictor, hop_length: int) -> StatefulMaker | WindowMaker | None:
    """What computes a network's columns once for all windows, if it has such a thing and windows start on columns."""
    parts = getattr(model, "shared_columns", None)
    maker: StatefulMaker | WindowMaker | None = parts() if parts is not None else None
    return maker if maker is not None and hop_length % maker.spec.frame_hop == 0 else None


def keeps_state(model: WindowPredictor) -> bool:
    """Whether a network hands on what it needs of the past, and so costs a step a window."""
    parts = getattr(model, "shared_columns", None)
    return parts is not None and isinstance(parts(), StatefulMaker)


def head_that_follows(models: Sequence[WindowPredictor]) -> FollowingHead | None:
    """Of the network of envelopes among the models, where it can read on from what the one of activations computes."""
    activation, envelope = (
        next((model for model in models if model.spec.kind == kind), None) for kind in ("activation", "envelope")
    )
    head: Any = getattr(envelope, "head", None)
    parts = getattr(activation, "shared_columns", None)
    return head if head is not None and parts is not None and head.follows(parts()) else None


def hop_length(model: WindowPredictor, hop_s: float | None) -> int:
    """Samples between windows: `hop_s` for activations, but envelopes and networks with a state keep their model's."""
    spec = model.spec
    if hop_s is None or spec.kind == "envelope" or keeps_state(model):
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
