"""Merging: windows of several streams that would wait for a processor go through a network in one call.

::

    stream (its engine's thread) --call--> network of its own      while a processor is free: at once, alone
    stream ...                   --call--.
    stream ...                   --call--+--> one call for all     once as many calls run as there are processors
    stream ...                   --call--'

Nobody waits so that others may come: what is merged would have waited anyway, and the fuller the server is, the larger
and cheaper a window are the calls. Files need none of this: their calls have sixteen windows of their own.

What a network says of a window must not depend on who else is there. That is tried, bit for bit, on noise in calls of
every size, before the first window; calls of a network of which it is not so are never merged.

Shapes: B windows of a call; the first axis of all arrays.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.models.columns import SharedColumns
from irec_live.models.detector import Detector
from irec_live.models.spec import ModelSpec
from irec_live.streaming.model_stream import keeps_state

Array = npt.NDArray[np.float32]
Run = Callable[..., Array]

MOST_WINDOWS = 16
"""In one call: more save hardly anything, and whoever is first in it waits for all."""


class _Call:
    """What a thread wants to be run, and what became of it."""

    def __init__(self, run: Run, inputs: Sequence[Array]) -> None:
        self.run, self.inputs = run, inputs
        self.output: Array | None = None
        self.error: BaseException | None = None
        self.batch: list[_Call] = []  # to be run by this thread, itself the first; empty once another has run it
        self.told = threading.Event()

    @property
    def windows(self) -> int:
        """B."""
        return len(self.inputs[0])


class Merger:
    """Runs calls of any threads, at most so many at a time; calls that wait for the same network become one.

    Parameters
    ----------
    at_once : int, optional
        As many as there are processors by default.

    Attributes
    ----------
    asked, runs, merged : int
        Calls of threads so far, calls of networks, and calls of threads that shared one.
    """

    def __init__(self, at_once: int | None = None) -> None:
        self._lock = threading.Lock()
        self._free = at_once or os.cpu_count() or 1
        self._waiting: list[_Call] = []  # NB: empty while anything is free
        self.asked = self.runs = self.merged = 0

    def __call__(self, run: Run, *inputs: Array) -> Array:
        """What `run` says of these windows, (B, ...) of B rows each.

        Raises
        ------
        Exception
            Whatever `run` raises of these windows alone.
        """
        call = _Call(run, inputs)
        with self._lock:
            self.asked += 1
            if self._free:
                self._free -= 1
                call.batch = [call]
            else:
                self._waiting.append(call)
        if not call.batch:
            call.told.wait()
        if call.batch:
            self._run(call.batch)
        if call.error is not None:
            raise call.error
        assert call.output is not None
        return call.output

    def _run(self, batch: list[_Call]) -> None:
        """Run calls as one, and hand the processor on."""
        try:
            _run_together(batch)
        finally:
            with self._lock:
                self.runs += 1
                self.merged += len(batch) if len(batch) > 1 else 0
                following = self._next()
                self._free += not following
            for call in batch[1:]:
                call.told.set()
            if following:
                following[0].batch = following
                following[0].told.set()

    def _next(self) -> list[_Call]:
        """The calls to run next: the one that has waited longest, and others like it."""
        if not self._waiting:
            return []
        first, room = self._waiting[0], MOST_WINDOWS
        taken = []
        for call in self._waiting:
            if call is first or (call.run == first.run and call.windows <= room):
                taken.append(call)
                room -= call.windows
        self._waiting = [call for call in self._waiting if call not in taken]
        return taken


def _run_together(batch: Sequence[_Call]) -> None:
    if len(batch) > 1:
        try:
            together = batch[0].run(*(np.concatenate(parts) for parts in zip(*(c.inputs for c in batch), strict=True)))
        except Exception:  # noqa: BLE001 - perhaps of one: then that one alone hears of it
            together = None
        if together is not None:
            ends = np.cumsum([call.windows for call in batch])
            for call, rows in zip(batch, np.split(together, ends[:-1]), strict=True):
                call.output = rows
            return
    for call in batch:
        try:
            call.output = call.run(*call.inputs)
        except BaseException as error:  # noqa: BLE001 - as concurrent.futures does
            call.error = error


class MergedDetector:
    """A network whose calls are merged with those of other streams; see `irec_live.models.detector.Detector`."""

    def __init__(self, detector: Detector, merger: Merger) -> None:
        self._detector, self._merger = detector, merger
        self.spec: ModelSpec = detector.spec
        self.providers, self.sha256 = detector.providers, detector.sha256
        self.context, self.head = detector.context, detector.head
        self._both = _Joined(detector.with_features) if detector.context is not None else None
        shared = detector.shared_columns()
        self._columns = (
            None if not isinstance(shared, SharedColumns) else _MergedColumns(shared, merger, len(detector.spec.labels))
        )

    def shared_columns(self) -> _MergedColumns | None:
        """As of the network."""
        return self._columns

    def __call__(self, windows: Array, /) -> Array:
        """Predict windows, (B, T)."""
        return self._merger(self._detector, windows)

    def with_features(self, windows: Array, /) -> tuple[Array, Array]:
        """The same, and features of the windows; of a network with a context."""
        if self._both is None:
            raise ValueError(f"{self.spec.name} has no context")
        return _parted(self._merger(self._both, windows), len(self.spec.labels))


class _MergedColumns:
    """Shared columns of which the second part is merged; see `irec_live.models.columns.SharedColumns`."""

    def __init__(self, shared: SharedColumns, merger: Merger, labels: int) -> None:
        self._both, self._labels = _Joined(shared.predict_with_features), labels
        self.spec, self.frames, self.levelled = shared.spec, shared.frames, shared.levelled
        self.columns, self.front = shared.columns, shared.front
        self._predict, self._merger = shared.predict, merger

    def predict(self, audio: Array, columns: Array, /) -> Array:
        """What the network says of windows."""
        return self._merger(self._predict, audio, columns)

    def predict_with_features(self, audio: Array, columns: Array, /) -> tuple[Array, Array]:
        """The same, and features of the windows; of a network with a context."""
        return _parted(self._merger(self._both, audio, columns), self._labels)


@dataclass(frozen=True, slots=True)
class _Joined:
    """What gives activations and features, as one array, (B, K + W), which calls can share."""

    run: Callable[..., tuple[Array, Array]]

    def __call__(self, *inputs: Array) -> Array:
        return np.concatenate(self.run(*inputs), axis=1)


def _parted(both: Array, labels: int) -> tuple[Array, Array]:
    return both[:, :labels], both[:, labels:]


class Merging:
    """Networks for streams: merged where that changes nothing of what they say. Any thread."""

    def __init__(self) -> None:
        self.merger = Merger()
        self._lock = threading.Lock()
        # NB: the verdict alone: a merged network kept here would keep weights that the server has let go of.
        self._same: weakref.WeakKeyDictionary[Detector, bool] = weakref.WeakKeyDictionary()

    def of(self, detector: Detector) -> Detector | MergedDetector:
        """The network to give to a stream. Takes a moment when it is the network's first.

        One that keeps a state costs a stream a step at a time, and is left as it is.
        """
        if keeps_state(detector):
            return detector
        with self._lock:
            if detector not in self._same:
                self._same[detector] = says_the_same_in_company(detector)
            return MergedDetector(detector, self.merger) if self._same[detector] else detector


def says_the_same_in_company(detector: Detector) -> bool:
    """Whether a window's rows are the same bits in calls of any number of windows up to `MOST_WINDOWS`."""
    shared, spec = detector.shared_columns(), detector.spec
    chance = np.random.default_rng(0)
    loudness = np.geomspace(0.001, 0.5, MOST_WINDOWS)[:, None]
    run: Run = detector if detector.context is None else _Joined(detector.with_features)
    inputs: tuple[Any, ...] = ((loudness * chance.standard_normal((MOST_WINDOWS, spec.window_length))).astype("f4"),)
    if isinstance(shared, SharedColumns):
        width = 1 if shared.levelled else spec.window_length
        columns = chance.standard_normal((MOST_WINDOWS, shared.frames, shared.spec.bands))
        inputs = (np.abs(inputs[0][:, :width]), columns.astype(np.float32))
        run = shared.predict if detector.context is None else _Joined(shared.predict_with_features)
    alone = [run(*(each[n : n + 1] for each in inputs)) for n in range(MOST_WINDOWS)]
    # Windows are at every place, too: a call of n begins with the nth.
    return all(
        np.array_equal(run(*(np.roll(each, -n, axis=0)[:n] for each in inputs)), np.roll(alone, -n, axis=0)[:n, 0])
        for n in range(2, MOST_WINDOWS + 1)
    )
