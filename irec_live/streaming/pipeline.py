"""The processing pipeline: samples of a source in; activations, envelopes and events out.

Live sound and files share it. It has no thread of its own: the work is done by the thread that pushes. ::

    block -> mono -> Resampler (one a rate) -> ModelStream (one a network) -> LabelTracker -> Timeline
               `---> LogMelStream, LevelMeter ------------------------------------------------^

`push`, `flush`, `retrack` and `reset` belong to one thread. Any thread may read `stats`, `latency_ms`, `position`,
`thresholds`, `retracking` and `timeline`, set `decisions`, and call `retrack_beside`.

Shapes: n samples of each channel in a block, C channels, K labels, F mel bands.
"""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from irec_live.mono import MonoMix
from irec_live.results import Event, Stats
from irec_live.streaming.column_stream import ColumnStreams
from irec_live.streaming.decisions import Decisions, TrackerSettings
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.hop_times import HopTimes
from irec_live.streaming.level import LevelMeter
from irec_live.streaming.model_stream import (
    Array,
    ModelStream,
    Times,
    WindowBatch,
    WindowPredictor,
    head_that_follows,
    hop_length,
    thresholds,
)
from irec_live.streaming.resample import Resampler
from irec_live.streaming.retracking import Retracking
from irec_live.streaming.spectrogram import LogMelStream
from irec_live.streaming.timeline import Timeline
from irec_live.streaming.tracker import LabelTracker
from irec_live.streaming.turns import Turns

SILENCE_DB = -75.0
"""RMS in dBFS below which a window counts as silent and no network is run: soft playing far from a microphone is above
it, the noise of an analogue-to-digital converter below."""

_PIECE_S = 4.0
"""Seconds. Longer blocks are processed in pieces of this length, which bounds the memory for a block of an hour."""

_MOST_IN_FLIGHT = 8
"""Batches with an executor at once: enough to keep its threads busy while the next block is decoded, few enough that
they hold some seconds of sound at most."""

_ROWS_A_PUSH = 128
"""Rows of the past that are tracked again beside a block of live sound: some milliseconds of work, and ten minutes of
them in a second or so."""

_ROUNDING_S = 1e-6
"""Of seconds that should be equal: less than a sample, more than a day of sound makes of it."""

_LONGEST_BRIDGE_S = 1.0
"""Seconds. Lost input up to this is replaced by silence; after a longer gap all streams restart behind it."""


@dataclass(frozen=True, slots=True)
class PipelineStep:
    """Results of one push.

    Attributes
    ----------
    activations, envelopes : tuple of (float, (K,) float32)
        Seconds and values 0..1, oldest first.
    events : tuple of Event
        Those that ended.
    detected : tuple of str
        Labels lit after this push, the strongest first.
    """

    activations: tuple[tuple[float, Array], ...] = ()
    envelopes: tuple[tuple[float, Array], ...] = ()
    events: tuple[Event, ...] = ()
    detected: tuple[str, ...] = ()


class Pipeline:
    """Downmix, resampling, inference, tracking and display features, from a stream of samples to a `Timeline`.

    Parameters
    ----------
    sample_rate : int
        Hz, of the source.
    models : sequence of WindowPredictor
        At most one of each kind.
    hop_s : float, optional
        Seconds between activation windows; the model's own by default.
    silence_db : float
        Windows with a lower RMS, in dBFS, are not given to the networks.
    tracker : TrackerSettings, optional
    timeline : Timeline, optional
        Where results are written; its labels must be those of `union_labels`.
    keep_s : float, optional
        How far back a timeline made here keeps results; None keeps all.
    history : HistoryFile, optional
        Where a timeline made here keeps what is no longer new; None keeps it in memory.
    max_pending : int, optional
        With more windows of one network waiting than this, the oldest are skipped. None never skips.
    spectrogram : bool
        Also fill the timeline's spectrogram and levels, which only views need.
    executor : concurrent.futures.Executor, optional
        Predicts batches in parallel and while more is pushed: rows come with a later push or with `flush`. For files.
    batch : int
        Windows predicted in one call, where so many wait; for files.
    channel : int, optional
        The source's channel to use alone, from 1 on; a mix of all if not given.

    Raises
    ------
    ValueError
        No models, two of one kind, or a hop that does not fit the window.
    """

    def __init__(
        self,
        sample_rate: int,
        models: Sequence[WindowPredictor],
        *,
        hop_s: float | None = None,
        silence_db: float = SILENCE_DB,
        tracker: TrackerSettings | None = None,
        timeline: Timeline | None = None,
        keep_s: float | None = None,
        history: HistoryFile | None = None,
        max_pending: int | None = None,
        spectrogram: bool = True,
        executor: Executor | None = None,
        batch: int = 1,
        channel: int | None = None,
    ) -> None:
        if sample_rate < 1 or batch < 1 or (max_pending is not None and max_pending < 1):
            raise ValueError("sample_rate, batch and max_pending must be at least 1")
        self.sample_rate = sample_rate
        self.models = tuple(models)
        self.labels = union_labels(models)
        self.max_pending = max_pending
        self.timeline = Timeline(self.labels, keep_s=keep_s, history=history) if timeline is None else timeline
        if self.timeline.labels != self.labels:
            raise ValueError(f"the timeline is for {self.timeline.labels}, the models predict {self.labels}")
        self.channel = channel
        self._mono = MonoMix(sample_rate, channel)
        columns = ColumnStreams()
        head = head_that_follows(self.models)
        clock = {model.spec.kind: model for model in self.models}.get("activation") if head is not None else None
        self.streams = tuple(
            ModelStream(
                model,
                self.labels,
                hop_length=hop_length(clock or model, hop_s),
                silence_db=silence_db,
                batch=batch,
                columns=columns,
                head=head if model.spec.kind == "activation" else None,
                follows=head is not None and model.spec.kind == "envelope",
            )
            for model in self.models
        )
        self._own = tuple(stream for stream in self.streams if not stream.follows)  # those with windows of their own
        self._follower = next((stream for stream in self.streams if stream.follows), None)
        self._activation = next((stream for stream in self.streams if stream.spec.kind == "activation"), None)
        self.not_predicted: dict[str, frozenset[str]] = {
            model.spec.kind: frozenset(self.labels).difference(model.spec.labels) for model in self.models
        }
        """By kind of model, labels that the one in use does not have: their rows are 0 without any prediction."""
        unnamed = self.not_predicted.get("activation", self.labels)
        self._unnamed = np.array([label in unnamed for label in self.labels])
        self.tracker = self._new_tracker(tracker)
        self._resamplers = {rate: Resampler(sample_rate, rate) for rate in sorted({m.spec.sample_rate for m in models})}
        self._executor = executor
        self._turns = {stream: Turns(executor) for stream in self.streams if executor is not None and stream.in_turn}
        self._mel = LogMelStream(sample_rate, bands=self.timeline.bands) if spectrogram else None
        self._meter = LevelMeter(sample_rate) if spectrogram else None
        self._clear()

    def _new_tracker(self, settings: TrackerSettings | None = None) -> LabelTracker:
        hop_s = self._activation.hop_s if self._activation is not None else 0.1
        return LabelTracker(self.labels, thresholds(self.models), settings, hop_s=hop_s)

    def _clear(self) -> None:
        # NB: an int, replaced in one step by the pushing thread; any thread may read it.
        self.position = 0
        """Source samples taken so far, those lost included."""
        self._origin = 0  # source sample that is sample 0 of all streams
        self._restarts: list[float] = []  # all such samples but the first, in seconds
        self._retracking: Retracking | None = None
        # NB: set by any thread, cleared by the pushing thread before it reads the decisions.
        self._retrack_wanted = False
        self._windows = 0
        self._ended = False
        self._lit: tuple[str, ...] = ()
        self._hop_times = HopTimes()
        self._in_flight: deque[tuple[ModelStream, WindowBatch, Future[None] | None]] = deque()
        self._gather_anew()

    @property
    def time_s(self) -> float:
        """`position` in seconds."""
        return self.position / self.sample_rate

    @property
    def spectrogram_hz(self) -> npt.NDArray[np.float64]:
        """Centres of the spectrogram's bands, (F,) float64; none without a spectrogram."""
        return self._mel.bands_hz if self._mel is not None else np.zeros(0, np.float64)

    @property
    def thresholds(self) -> Array:
        """On-thresholds in force, (K,) float32; NaN for labels that no model of activations knows."""
        return np.where(self._unnamed, np.float32(np.nan), self.tracker.thresholds)

    @property
    def threshold_offset(self) -> float:
        """What is added to all thresholds."""
        return self.tracker.offset

    def set_threshold_offset(self, offset: float) -> None:
        """Shift all thresholds, on and off, from the next window on. Any one thread."""
        self.decisions = replace(self.decisions, offset=float(offset))

    @property
    def decisions(self) -> Decisions:
        """Offsets of the thresholds, and settings of the tracker; set from any one thread for the next window on."""
        return self.tracker.decisions

    @decisions.setter
    def decisions(self, decisions: Decisions) -> None:
        self.tracker.decisions = decisions  # NB: replaced in one step; the tracker reads it once a window

    @property
    def stats(self) -> Stats:
        """Counters and inference times; the engine adds overflows and load."""
        p50, p99 = self._hop_times.percentiles(50, 99)
        return Stats(
            skipped_windows=sum(stream.skipped for stream in self.streams),
            windows=self._windows,
            inference_ms_p50=p50,
            inference_ms_p99=p99,
            latency_ms=self.latency_ms,
            providers=tuple(model.providers[0] if model.providers else "" for model in self.models),
        )

    @property
    def latency_ms(self) -> float:
        """Average latency from sound to label, without the source's block and the display.

        The sum of half a window (a sound must fill half of it to be detected), half a hop (it may begin anywhere
        between two), the delays of tracker and resampler, and the median inference time. Without an activation model:
        the time until an envelope frame is complete, that is, until the last window that covers it.
        """
        slowest = self._activation or self.streams[0]
        spec = slowest.spec
        lag_s = self._resamplers[spec.sample_rate].lag / spec.sample_rate
        if self._activation is not None:
            decided_s = (spec.window_s + slowest.hop_s) / 2 + self.tracker.delay_s
        else:
            decided_s = spec.window_s - (slowest.hop_s - spec.frame_hop / spec.sample_rate) / 2
        (inference_ms,) = self._hop_times.percentiles(50)
        return 1000.0 * (decided_s + lag_s) + inference_ms

    def mix(self, block: npt.NDArray[np.floating]) -> Array:
        """The channels of the next samples as one, (n,) float32, as `push` mixes them: to be pushed in their place.

        Blocks come in order; any thread, also while `push` runs on the one before.
        """
        return self._mono.push(block)

    def push(self, block: npt.NDArray[np.floating], index: int | None = None) -> PipelineStep:
        """Take the next samples.

        Parameters
        ----------
        block : (n,) or (n, C) float32
            Channels are mixed (see `irec_live.mono`). Samples that are not finite count as 0.
        index : int, optional
            Where the block begins, in source samples since the start; `position` by default. If it is later, samples
            were lost: a short gap is filled with silence, after a long one all streams restart there. If it is
            earlier, samples that were pushed before are ignored.

        Returns
        -------
        PipelineStep

        Raises
        ------
        ValueError
            The block is not floating point, or not (n,) or (n, C), or the pipeline was flushed and not reset.
        """
        if self._ended:
            raise ValueError("the pipeline was flushed; reset it before the next push")
        mono = self._mono.push(block)
        steps = []
        if index is not None and index != self.position:
            # After a reopened device or a resampler's reset, rounding can make a block overlap the one before.
            mono = mono[max(0, self.position - index) :]
            if index > self.position:
                steps.append(self._bridge(index))
        # Live, a block stays whole: cut up, its windows would never wait together, and so never be skipped.
        piece = mono.size if self.max_pending is not None else round(_PIECE_S * self.sample_rate)
        for first in range(0, mono.size, max(1, piece)):
            steps.append(self._take(mono[first : first + piece]))
        if put_out := self._retrack_some():
            steps.append(PipelineStep(events=put_out))
        return _joined(steps, self._lit)

    def flush(self) -> PipelineStep:
        """End the stream: pad the last windows with zeros and close all events.

        Returns
        -------
        PipelineStep
            Envelope frames beyond the last sample are left out. Then only `reset` and `retrack` may follow.
        """
        if self._ended:
            return PipelineStep()
        step = self._drain()
        self._ended = True
        return step

    def reset(self) -> None:
        """Forget all samples and results; the decisions are kept."""
        for _, _, future in self._in_flight:
            if future is not None and not future.cancel():
                wait_for([future])  # a network with a state would leave it to what comes next
        self._restart_streams()
        self._mono.reset()
        for stream in self.streams:
            stream.skipped = 0
        self.timeline.clear()
        self._clear()

    def retrack(self) -> None:
        """Recompute all events from the activations in the timeline, with the present decisions, at once."""
        self.retrack_beside()
        self._retrack_some(None)

    def retrack_beside(self) -> None:
        """Recompute all events beside the next pushes, some rows with each: `retracking` until then. Any thread."""
        self._retrack_wanted = True

    @property
    def retracking(self) -> bool:
        """Whether events of the past may still be those of former decisions. Any thread."""
        return self._retrack_wanted or self._retracking is not None

    def _retrack_some(self, most: int | None = _ROWS_A_PUSH) -> tuple[Event, ...]:
        """Go on finding the events anew; those that were lit and are no more, for who follows them as they come."""
        if self._retrack_wanted:
            # NB: the new one first, so that `retracking` holds throughout; cleared before the decisions are read, which
            # may move meanwhile.
            self._retracking = Retracking(self.timeline, self._new_tracker(), self._restarts)
            self._retrack_wanted = False
            self._retracking.tracker.decisions = self.decisions
        if self._retracking is None or not self._retracking.work(most):
            return ()
        ended, still_open = self._retracking.events()
        lit = {event.label for event in still_open}
        put_out = tuple(
            replace(event, offset_s=max(event.onset_s, self.tracker.reached_s))
            for event in self.tracker.open_events()
            if event.label not in lit
        )
        self.tracker.continue_from(self._retracking.tracker)
        if self._ended:
            ended, still_open = ended + self.tracker.flush(), ()
        self._lit = tuple(event.label for event in still_open)
        self.timeline.replace_events(ended, still_open)
        self._retracking = None
        return put_out

    def _take(self, mono: Array) -> PipelineStep:
        """Push samples, (n,) float32, through all streams."""
        self.position += mono.size
        self._show(mono)
        # Live, blocks are short: they are gathered until a window can be whole, since each has a price of its own.
        self._gathered.append(mono)
        if self.max_pending is not None and self.position - self._origin < self._due:
            return PipelineStep(detected=self._lit)
        self._hear()
        return self._predict()

    def _hear(self) -> None:
        """Give the networks' streams what was gathered."""
        if not self._gathered:
            return
        mono = self._gathered[0] if len(self._gathered) == 1 else np.concatenate(self._gathered)
        self._gathered.clear()
        resampled = {rate: resampler.push(mono) for rate, resampler in self._resamplers.items()}
        for stream in self._own:
            stream.take(resampled[stream.spec.sample_rate])
        self._due = min(self._whole_at(stream) for stream in self._own)

    def _whole_at(self, stream: ModelStream) -> int:
        """Source sample, from the origin on, by which a stream's next window has come out of its resampler."""
        rate = stream.spec.sample_rate
        return math.ceil((stream.next_end + self._resamplers[rate].lag) * self.sample_rate / rate)

    def _gather_anew(self) -> None:
        self._gathered: list[Array] = []
        self._due = min(self._whole_at(stream) for stream in self._own)

    def _drain(self) -> PipelineStep:
        """Predict the last windows, which are padded with zeros, and close all open events."""
        self._hear()
        tails = {rate: resampler.flush() for rate, resampler in self._resamplers.items()}
        for stream in self._own:
            stream.take(tails[stream.spec.sample_rate])
            stream.take_tail()
        step = self._predict(wait=True)
        envelopes: list[tuple[float, Array]] = []
        for stream in self.streams:
            end_s = (self.position - self._origin) / self.sample_rate
            envelopes += self._store_envelope(*stream.tail_rows(end_s))
        ended = self.tracker.flush()
        self.timeline.append_events(ended, ())
        self._lit = ()
        return _joined([step, PipelineStep(envelopes=tuple(envelopes), events=ended)], ())

    def _bridge(self, index: int) -> PipelineStep:
        """Move from `position` to `index` although the samples in between were lost."""
        missing = index - self.position
        if missing <= _LONGEST_BRIDGE_S * self.sample_rate:
            return self._take(np.zeros(missing, np.float32))
        step = self._drain() if self.position > self._origin else PipelineStep()
        self._restart_streams()
        self.position = self._origin = index
        self._restarts.append(index / self.sample_rate)
        return step

    def _restart_streams(self) -> None:
        for part in (*self._resamplers.values(), *self.streams, self.tracker, self._mel, self._meter):
            if part is not None:
                part.reset()
        self._gather_anew()

    def _show(self, mono: Array) -> None:
        """Update spectrogram and levels, which only views need."""
        if self._mel is None or self._meter is None:
            return
        origin_s = self._origin / self.sample_rate
        columns, start = self._mel.push(mono)
        if len(columns):
            self.timeline.append_spectrogram(self._mel.centres_s(start, len(columns)) + origin_s, columns)
        levels, start = self._meter.push(mono)
        if len(levels):
            ends = start + self._meter.stretch * (1 + np.arange(len(levels)))
            self.timeline.append_levels(ends / self.sample_rate + origin_s, levels)

    def _predict(self, wait: bool = False) -> PipelineStep:
        """Run the networks on all waiting windows and store their predictions, as far as they are ready."""
        batches = self._completed(wait)
        if not batches:
            return PipelineStep(detected=self._lit)
        self._count(batches)
        activations: list[tuple[float, Array]] = []
        envelopes: list[tuple[float, Array]] = []
        events: list[Event] = []
        for stream, batch in batches:
            times, rows = stream.rows(batch)
            if stream.spec.kind == "envelope":
                envelopes += self._store_envelope(times, rows)
            else:
                # The centre of a window padded with zeros may lie behind the last sample.
                times = np.minimum(times + self._origin / self.sample_rate, self.time_s)
                events += self._store_activation(times, rows)
                activations += zip(times.tolist(), rows, strict=True)
                if self._follower is not None:
                    envelopes += self._store_envelope(*self._follower.rows_behind(batch))
        return PipelineStep(tuple(activations), tuple(envelopes), tuple(events), self._lit)

    def _completed(self, wait: bool) -> list[tuple[ModelStream, WindowBatch]]:
        """Batches that are done, in the order of their windows: all with `wait`, else those that need no waiting."""
        # A network costs less a window in whole batches, and nobody waits for the rows of a file's last second or two.
        batches = [
            (stream, batch) for stream in self._own for batch in stream.batches(self.max_pending, whole=not wait)
        ]
        batches.sort(key=lambda pair: pair[0].end_s(pair[1]))
        if self._executor is None:
            for stream, batch in batches:
                stream.predict(batch)
                stream.follow(batch)
            return batches
        self._in_flight.extend((stream, batch, self._begun(stream, batch)) for stream, batch in batches)
        done = []
        while self._in_flight and (wait or len(self._in_flight) > _MOST_IN_FLIGHT or _is_done(*self._in_flight[0][1:])):
            stream, batch, future = self._in_flight.popleft()
            if future is not None:
                future.result()
            if batch.followed is not None:  # NB: looked at once the first is done, which sets it
                batch.followed.result()
            done.append((stream, batch))
        return done

    def _begun(self, stream: ModelStream, batch: WindowBatch) -> Future[None] | None:
        """The prediction of a batch by the executor; None if it is done, since there is nothing to hear in it."""
        if self._executor is None or batch.silent:
            stream.predict(batch)
            return None
        if not stream.in_turn:
            return self._executor.submit(stream.predict, batch)
        return self._turns[stream].submit(functools.partial(self._predict_in_turn, stream, batch))

    def _predict_in_turn(self, stream: ModelStream, batch: WindowBatch) -> None:
        """What follows needs no turn: the next batch need not wait for it."""
        stream.predict(batch)
        if batch.maps and self._executor is not None:
            batch.followed = self._executor.submit(stream.follow, batch)

    def _store_activation(self, times: Times, rows: Array) -> list[Event]:
        if self.tracker.at_rest and not rows.any():
            self.tracker.pass_over(times)
            self.timeline.append_activations(times, rows, rows)
            return []
        step = self.tracker.push_rows(times, rows)
        self.timeline.append_activations(times, rows, step.smoothed)
        self.timeline.append_events(step.ended, self.tracker.open_events())
        self._lit = step.lit
        return list(step.ended)

    def _store_envelope(self, times: Times, rows: Array) -> list[tuple[float, Array]]:
        times = times + self._origin / self.sample_rate
        # Windows padded with zeros reach beyond the last sample; the tolerance is for sums of rounded seconds.
        inside = int(np.searchsorted(times, self.time_s + _ROUNDING_S, "right"))
        times, rows = times[:inside], rows[:inside]
        if inside:
            self.timeline.append_envelope(times, rows)
        return list(zip(times.tolist(), rows, strict=True))

    def _count(self, batches: Sequence[tuple[ModelStream, WindowBatch]]) -> None:
        """Count windows and time; a hop's time is that of an activation window and the envelope windows before it."""
        clock = self._activation or self.streams[0]
        for stream, batch in batches:
            self._windows += batch.predicted
            self._hop_times.add(batch.seconds)
            if stream is clock and batch.predicted:
                self._hop_times.close(len(batch.starts))


def _is_done(batch: WindowBatch, future: Future[None] | None) -> bool:
    return (future is None or future.done()) and (batch.followed is None or batch.followed.done())


def union_labels(models: Sequence[WindowPredictor]) -> tuple[str, ...]:
    """All labels of the models, the activation model's first.

    Raises
    ------
    ValueError
        No models, or two of one kind.
    """
    kinds = [model.spec.kind for model in models]
    if not kinds or len(set(kinds)) != len(kinds):
        raise ValueError(f"a pipeline takes one activation model, one envelope model, or both; not {kinds}")
    ordered = sorted(models, key=lambda model: model.spec.kind != "activation")
    return tuple(dict.fromkeys(label for model in ordered for label in model.spec.labels))


def _joined(steps: Sequence[PipelineStep], detected: tuple[str, ...]) -> PipelineStep:
    if len(steps) == 1:
        return steps[0]
    return PipelineStep(
        tuple(row for step in steps for row in step.activations),
        tuple(row for step in steps for row in step.envelopes),
        tuple(event for step in steps for event in step.events),
        detected,
    )
