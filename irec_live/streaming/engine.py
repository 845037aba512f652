"""The engine: a worker thread that runs the pipeline on a live source.

::

    source --read--> worker: Feed -> Pipeline -> Timeline        any thread: snapshot(span_s, end_s)
                       |  lost?  silence keeps time, `reopen` every second
                       +--> listener(step), taps                 worker's thread

Nothing is queued: the source keeps the last seconds in a ring buffer, the pipeline skips to the newest windows when it
is late, and views pull. An error in the worker always ends as a state and a message; no thread just vanishes.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from irec_live.errors import IrecError, sentence_of
from irec_live.mono import MonoMix
from irec_live.results import Snapshot, State, Stats
from irec_live.streaming.audio_source import AudioSource
from irec_live.streaming.input_shape import InputShape
from irec_live.streaming.pipeline import Pipeline, PipelineStep
from irec_live.streaming.resample import Resampler
from irec_live.streaming.ring import Block
from irec_live.streaming.tap import Tap
from irec_live.streaming.timeline import VIEW_ROWS

READ_TIMEOUT_S = 0.1
"""How long the worker waits for samples before it checks whether it should stop."""

RETRY_S = 1.0
"""Interval between attempts to reopen a lost device."""

STOP_TIMEOUT_S = 1.5
"""How long `Engine.stop` waits for the worker: closing a session must return within two seconds."""

_LOAD_MEMORY_S = 2.0
"""Time constant of the moving average of the load: steady enough to read, quick enough to follow."""

Listener = Callable[[PipelineStep], None]
Reopen = Callable[[], AudioSource]


class Feed:
    """Maps one source's sample indices, and if need be its sample rate, to the pipeline's.

    A pipeline lives longer than a source: after a device was lost the next one starts again at index 0, and may run at
    another rate.

    Parameters
    ----------
    source : AudioSource
    pipeline : Pipeline
    index : int
        The source's sample that goes to its present position.
    """

    def __init__(self, source: AudioSource, pipeline: Pipeline, index: int = 0) -> None:
        self._pipeline = pipeline
        self._rate = source.sample_rate
        # Where this source's index 0 lies, in the pipeline's samples.
        self._start = pipeline.position - round(index * pipeline.sample_rate / source.sample_rate)
        self._mono = MonoMix(source.sample_rate, pipeline.channel)
        self._resampler: Resampler | None = None
        if source.sample_rate != pipeline.sample_rate:
            self._resampler = Resampler(source.sample_rate, pipeline.sample_rate)
        self._expected = index
        self._out = pipeline.position

    def position_of(self, index: int) -> int:
        """Where the source's sample `index` lies, in the pipeline's samples."""
        return self._start + round(index * self._pipeline.sample_rate / self._rate)

    def push(self, block: Block, index: int) -> PipelineStep:
        """Push a block, (n, C) float32, that starts at the source's sample `index`."""
        if self._resampler is None:
            return self._pipeline.push(block, self._start + index)
        if index != self._expected:  # samples were lost: the resampler's history no longer fits what follows
            self._resampler.reset()
            self._out = self.position_of(index)
        self._expected = index + len(block)
        samples = self._resampler.push(self._mono.push(block))
        step = self._pipeline.push(samples, self._out)
        self._out += len(samples)
        return step


class Engine:
    """Runs a pipeline on a source, in a worker thread, until the source ends, is stopped, or fails.

    Parameters
    ----------
    source : AudioSource
        Open, not started. The engine stops it.
    pipeline : Pipeline
        New, at the source's sample rate; from `start` on only the worker's thread may use it.
    listener : callable, optional
        Gets every `PipelineStep` that holds something new, on the worker's thread. If it raises, the engine fails.
    reopen : callable, optional
        Opens the source again after a loss; a `DeviceError` means "not yet". Without it a lost source is a failure.

    Raises
    ------
    ValueError
        Source and pipeline disagree about the sample rate.
    """

    def __init__(
        self,
        source: AudioSource,
        pipeline: Pipeline,
        *,
        listener: Listener | None = None,
        reopen: Reopen | None = None,
    ) -> None:
        if source.sample_rate != pipeline.sample_rate:
            raise ValueError(f"the source runs at {source.sample_rate} Hz, the pipeline at {pipeline.sample_rate} Hz")
        self.pipeline = pipeline
        self._source = source
        self._feed = Feed(source, pipeline)
        self._stalled_since: tuple[float, int] | None = None  # by the clock, and in the pipeline's samples
        self._listener = listener
        self.input_shape = InputShape()
        """Channels and gain of what is analysed; taps get the sound as it is. Set from any one thread, as a whole."""
        # NB: replaced whole by `add_tap` and `remove_tap`, read once a block by the worker.
        self._taps: tuple[Tap, ...] = ()
        self._reopen = reopen
        self._stop = threading.Event()
        self._done = threading.Event()
        # Daemon: a driver that hangs must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name="irec-engine", daemon=True)
        # NB: written by the worker, read by any thread: each is one reference, replaced whole.
        self._status: tuple[State, str] = ("starting", "")
        self._error: BaseException | None = None
        self._past_overflows = 0
        self._load = 0.0

    @property
    def state(self) -> State:
        """What the engine is doing. Any thread."""
        return self._status[0]

    @property
    def message(self) -> str:
        """One sentence when something is wrong, else empty. Any thread."""
        return self._status[1]

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the engine, or None. Any thread."""
        return self._error

    @property
    def source(self) -> AudioSource:
        """The source in use; a new object after a lost device came back. Any thread."""
        return self._source

    def add_tap(self, tap: Tap) -> None:
        """Let a tap follow the stream from the next block on. Any one thread."""
        self._taps = (*self._taps, tap)

    def remove_tap(self, tap: Tap) -> None:
        """Let a tap go; it may still get the block that is under way. The thread that adds taps."""
        self._taps = tuple(other for other in self._taps if other is not tap)

    def start(self) -> None:
        """Start the source and the worker.

        Raises
        ------
        DeviceError
            The source does not start.
        """
        self._source.start()
        self._thread.start()

    def stop(self) -> bool:
        """Stop the worker and the source; may be called twice, and before `start`.

        Returns
        -------
        bool
            False if the worker was still inside an inference or a driver when the time was up; it ends by itself then.
        """
        self._stop.set()
        if self._thread.ident is None:  # never started: there is no worker to close the source
            self._source.stop()
            self._done.set()
        elif self._thread is not threading.current_thread():  # a listener may call this; a thread cannot join itself
            self._thread.join(STOP_TIMEOUT_S)
        return not self._thread.is_alive()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the engine has ended, failed or stopped; False if the time was up first."""
        return self._done.wait(timeout_s)

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        """The `span_s` seconds up to `end_s`, or up to now. Any thread; copies only what lies in that span."""
        pipeline = self.pipeline
        # Read once: the worker moves it on, and all parts of a snapshot must end at the same moment.
        now_s = pipeline.time_s
        time_s = now_s if end_s is None else end_s
        view = pipeline.timeline.view(time_s, span_s, VIEW_ROWS)
        if end_s is not None:
            view = view.with_level(*pipeline.timeline.level(now_s))
        state, message = self._status
        return Snapshot(
            labels=pipeline.labels,
            time_s=time_s,
            span_s=span_s,
            now_s=now_s,
            thresholds=pipeline.thresholds,
            spectrogram_hz=pipeline.spectrogram_hz,
            stats=self.stats(),
            state=state,
            message=message,
            **view.fields(),
        )

    def stats(self) -> Stats:
        """How well the engine keeps up. Any thread."""
        source, stats = self._source, self.pipeline.stats
        return replace(
            stats,
            overflows=self._past_overflows + source.overflows,
            load=self._load,
            latency_ms=stats.latency_ms + 1000 * source.latency_s,
        )

    def _run(self) -> None:
        try:
            self._status = ("running", "")
            self._listen()
            self._publish(self.pipeline.flush())
            self._status = ("ended", "")
        except Exception as error:  # noqa: BLE001 - whatever it is, the views must show it
            self._error = error
            self._status = ("failed", f"listening stopped: {sentence_of(error)}")
        finally:
            self._source.stop()
            self._done.set()

    def _listen(self) -> None:
        woken = time.perf_counter()
        while not self._stop.is_set() and not self._source.ended:
            block, index = self._source.read(READ_TIMEOUT_S)
            began = time.perf_counter()
            if len(block):
                self._end_silence(index)
                for tap in self._taps:
                    tap.take_block(block, self._source.sample_rate, self._feed.position_of(index))
                self._publish(self._feed.push(self.input_shape.shaped(block), index))
            elif self._source.lost:
                self._wait_for_device()
                began = time.perf_counter()  # waiting for a device is not load
            elif getattr(self._source, "stalled", False):
                self._keep_time()
            now = time.perf_counter()
            self._update_load(now - began, now - woken)
            woken = now

    def _publish(self, step: PipelineStep) -> None:
        if not (step.activations or step.envelopes or step.events):
            return
        if self._listener is not None:
            self._listener(step)
        for tap in self._taps:
            tap.take_step(step)

    def _wait_for_device(self) -> None:
        """Feed silence at the pace of time, so that curves decay and labels go out, until the device is back."""
        name = self._source.name
        if self._reopen is None:
            raise IrecError(f"'{name}' went away")
        self._status = ("lost", f"'{name}' went away; looking for it every second")
        self._source.stop()  # first: many drivers admit one user at a time
        lost_at = time.monotonic()
        position = self.pipeline.position
        next_try = lost_at + RETRY_S
        while not self._stop.wait(READ_TIMEOUT_S):
            # From the clock, rather than one block a turn, so that no error accumulates.
            self._push_silence(position + round((time.monotonic() - lost_at) * self.pipeline.sample_rate))
            if time.monotonic() >= next_try:
                if self._reopened():
                    self._status = ("running", "")
                    return
                next_try = time.monotonic() + RETRY_S

    def _keep_time(self) -> None:
        """Feed silence at the pace of time while a source delivers nothing, and say so."""
        if self._stalled_since is None:
            self._stalled_since = time.monotonic(), self.pipeline.position
            name = self._source.name
            reason = "nothing plays there, or the sound server has stopped"
            self._status = ("running", f"no sound arrives from '{name}': {reason}")
        stalled_at, position = self._stalled_since
        self._push_silence(position + round((time.monotonic() - stalled_at) * self.pipeline.sample_rate))

    def _end_silence(self, index: int) -> None:
        """The source delivers again, from its sample `index` on."""
        if self._stalled_since is not None:
            self._stalled_since = None
            self._feed = Feed(self._source, self.pipeline, index)
            self._status = ("running", "")

    def _push_silence(self, until: int) -> None:
        """Push zeros up to sample `until`, in blocks of the size in which sound would arrive."""
        silence = np.zeros(round(READ_TIMEOUT_S * self.pipeline.sample_rate), np.float32)
        while (missing := until - self.pipeline.position) > 0:
            for tap in self._taps:
                tap.take_silence(min(missing, len(silence)), self.pipeline.position)
            self._publish(self.pipeline.push(silence[:missing]))

    def _reopened(self) -> bool:
        if self._reopen is None:
            return False
        try:
            source = self._reopen()
        except IrecError:
            return False
        try:
            source.start()
        except IrecError:
            source.stop()
            return False
        self._past_overflows += self._source.overflows  # each source counts from 0
        self._source = source
        self._stalled_since = None
        self._feed = Feed(source, self.pipeline)  # a new device may run at another rate
        return True

    def _update_load(self, busy_s: float, wall_s: float) -> None:
        """Update the exponential moving average of busy time over wall time."""
        if wall_s > 0:
            weight = 1.0 - math.exp(-wall_s / _LOAD_MEMORY_S)
            self._load += weight * (min(1.0, busy_s / wall_s) - self._load)
