"""Live session: analysis of a microphone or of the computer's own sound until it is closed."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from irec_live.analysis import Analysis, band_limit
from irec_live.assembly import Circumstances, Curves, assemble
from irec_live.devices import Device, refresh
from irec_live.errors import DeviceError
from irec_live.input_kind import InputKind
from irec_live.models.choice import ModelChoice, load_models
from irec_live.models.detector import Provider
from irec_live.models.spec import ModelSpec
from irec_live.results import Overview, Snapshot, State, Stats
from irec_live.session.contract import SessionKind
from irec_live.session.waveform import hold_strips
from irec_live.source import AudioSource, open_input
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.engine import Engine, Listener, Reopen
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.input_shape import InputShape
from irec_live.streaming.model_stream import WindowPredictor
from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.tap import Tap

SLICES = 1200
"""P of an overview, as many as a wide window has pixels to spare."""

SHORTEST_SLICE_S = 0.1
"""Level and activations come no faster than ten times a second."""

MAX_PENDING = 5
MAX_PENDING_S = 0.5
"""Number of windows of one model that may wait, or those of the last half second if that is more; older ones are
skipped. After a short delay the engine catches up, since inference takes a tenth of a hop; likewise with the bursts in
which the resampler returns sound of a low rate. A machine that is too slow never falls further behind than this."""


class LiveSession:
    """Analysis of a live source, continued after the loss of its device.

    Parameters
    ----------
    source : AudioSource
        Open, not started; the session stops it.
    detectors : sequence of WindowPredictor
        At most one of each kind.
    role : str, optional
        What users call this kind of source; precedes its name in `title`.
    hop_s : float, optional
        Between activation windows; the model's own by default.
    listener : callable, optional
        Gets every `PipelineStep`, on the worker's thread.
    reopen : callable, optional
        Opens the source anew after a loss.
    channel : int, optional
        The source's channel to analyse alone, from 1 on; a mix of all if not given.
    keep_s : float, optional
        Seconds after which results may be forgotten; by default all are kept, older ones on the disk, 45 MB an hour.
    spectrogram : bool
        Whether spectrogram and levels are computed, which only views need: a fifth of the work.

    Raises
    ------
    DeviceError
        The source does not start, or has no such channel.
    """

    def __init__(
        self,
        source: AudioSource,
        detectors: Sequence[WindowPredictor],
        *,
        role: str = "",
        hop_s: float | None = None,
        listener: Listener | None = None,
        reopen: Reopen | None = None,
        channel: int | None = None,
        keep_s: float | None = None,
        spectrogram: bool = True,
    ) -> None:
        self._role = role
        self._tracking_anew = threading.Lock()
        self._specs = tuple(detector.spec for detector in detectors)
        try:
            if channel is not None and channel > source.channels:
                many = f"{source.channels} channel{'s' * (source.channels != 1)}"
                raise DeviceError(f"'{source.name}' has {many}: there is no channel {channel}")
            waiting = MAX_PENDING if hop_s is None else max(MAX_PENDING, math.ceil(MAX_PENDING_S / hop_s))
            pipeline = Pipeline(
                source.sample_rate,
                detectors,
                hop_s=hop_s,
                keep_s=keep_s,
                history=HistoryFile() if keep_s is None else None,
                max_pending=waiting,
                channel=channel,
                spectrogram=spectrogram,
            )
            self._band_limit = band_limit(source.name, source.sample_rate, detectors)
            self._engine = Engine(source, pipeline, listener=listener, reopen=reopen)
            self._engine.start()
        except BaseException:  # also KeyboardInterrupt: an open device would stay open
            source.stop()
            raise

    @property
    def kind(self) -> SessionKind:
        """Always ``live``."""
        return "live"

    @property
    def title(self) -> str:
        """Role and name of the source in use; after a loss it may be another device. Any thread."""
        name = self._engine.source.name
        return f"{self._role}: {name}" if self._role else name

    @property
    def device(self) -> Device | None:
        """The device in use, if the source is one."""
        device = getattr(self._engine.source, "device", None)
        return device if isinstance(device, Device) else None

    @property
    def sample_rate(self) -> int:
        """Of the source in use, Hz."""
        return self._engine.source.sample_rate

    @property
    def input_shape(self) -> InputShape:
        """Which channels are heard, and the gain; assign to change it from the next block on."""
        return self._engine.input_shape

    @input_shape.setter
    def input_shape(self, shape: InputShape) -> None:
        self._engine.input_shape = shape

    @property
    def labels(self) -> tuple[str, ...]:
        """The K labels."""
        return self._engine.pipeline.labels

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """The running models."""
        return self._specs

    @property
    def time_s(self) -> float:
        """Seconds of sound analysed so far."""
        return self._engine.pipeline.time_s

    @property
    def threshold_offset(self) -> float:
        """What is added to every threshold."""
        return self._engine.pipeline.threshold_offset

    @property
    def state(self) -> State:
        """What the engine is doing."""
        return self._engine.state

    @property
    def message(self) -> str:
        """One sentence when something is wrong, else empty."""
        return self._engine.message

    @property
    def warning(self) -> str:
        """On what is missing of a file that is listened to, or of results that could not be kept; else empty."""
        missing = str(getattr(self._engine.source, "warning", ""))
        return "; ".join(text for text in (missing, self._engine.pipeline.timeline.problem) if text)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the source's sound, a sentence each."""
        return (*getattr(self._engine.source, "warnings", ()), *self._band_limit)

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the analysis, or None."""
        return self._engine.error

    @property
    def channels(self) -> int:
        """Channels of the source in use."""
        return self._engine.source.channels

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline, whose work is done by the session's own thread."""
        return self._engine.pipeline

    def add_tap(self, tap: Tap) -> None:
        """Let a tap, such as a recorder, follow the stream from the next block on."""
        self._engine.add_tap(tap)

    def remove_tap(self, tap: Tap) -> None:
        """Let a tap go."""
        self._engine.remove_tap(tap)

    def set_threshold_offset(self, offset: float) -> None:
        """Move every threshold: above 0 shows fewer labels, below 0 more."""
        self.decisions = replace(self.decisions, offset=float(offset))

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        """The `span_s` seconds up to `end_s`, or up to now."""
        return self._engine.snapshot(span_s, end_s)

    def overview(self) -> Overview:
        """Levels, activations and events of the whole session so far."""
        pipeline = self._engine.pipeline
        timeline, duration_s = pipeline.timeline, pipeline.time_s
        slices = min(SLICES, max(1, math.ceil(duration_s / SHORTEST_SLICE_S)))
        edges_s = np.linspace(0.0, max(duration_s, SHORTEST_SLICE_S), slices + 1)
        amplitude = 10.0 ** (timeline.peak_level(edges_s) / 20.0)
        events = timeline.events()
        found = {event.label for event in events}
        return Overview(
            duration_s=duration_s,
            progress=1.0,
            peaks=np.stack([-amplitude, amplitude], axis=1),
            strips=hold_strips(timeline.peak_activation(edges_s), whole=False),
            labels=self.labels,
            detected=tuple(label for label in self.labels if label in found),
            events=events,
        )

    @property
    def decisions(self) -> Decisions:
        """What the user set about thresholds, smoothing and durations. Changes count from the next window on, and the
        events before are found anew, beside the sound that comes: those of ten minutes take a second or so."""
        return self._engine.pipeline.decisions

    @decisions.setter
    def decisions(self, decisions: Decisions) -> None:
        pipeline = self._engine.pipeline
        if decisions != pipeline.decisions:
            pipeline.decisions = decisions
            pipeline.retrack_beside()
            if self._engine.wait(0.0):  # no more sound comes, beside which it could be done
                threading.Thread(target=self._retrack, name="irec-retrack", daemon=True).start()

    def analysis(self) -> Analysis | None:
        """What was heard so far, as far back as results are kept. Any thread.

        None before there is any, and for a moment after the decisions were changed.
        """
        pipeline = self._engine.pipeline
        if pipeline.retracking and self._engine.state in ("starting", "running", "lost"):
            return None
        duration_s = pipeline.time_s
        times, activation, _ = pipeline.timeline.activations()
        frame_times, envelope = pipeline.timeline.envelopes()
        if not (times.size or frame_times.size):
            return None
        circumstances = Circumstances.of(pipeline)
        curves = Curves(times, activation, frame_times, envelope).on_grids(circumstances, duration_s)
        events = pipeline.timeline.events(0.0, duration_s)
        return assemble(self.title, duration_s, circumstances, curves, events, warnings=self.warnings)

    def stats(self) -> Stats:
        """How well the engine keeps up."""
        return self._engine.stats()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the analysis has ended or failed; False if the time was up first."""
        return self._engine.wait(timeout_s)

    def stop(self) -> None:
        """Stop the analysis and release the device; what was heard can be looked at until `close`."""
        self._engine.stop()
        self._retrack()

    def close(self) -> None:
        """Stop the analysis and release the device; may be called twice."""
        self._engine.stop()
        self._engine.pipeline.timeline.close()

    def _retrack(self) -> None:
        """Find the events of a session that has ended anew. Blocks: those of hours take seconds."""
        with self._tracking_anew:
            if self._engine.wait(0.0) and self._engine.pipeline.retracking:
                self._engine.pipeline.retrack()


def open_live(
    models: Sequence[ModelChoice] | None = None,
    *,
    input: InputKind = InputKind.MIC,
    device: str | None = None,
    hostapi: str | None = None,
    hop_s: float | None = None,
    provider: Provider = "auto",
    listener: Listener | None = None,
    channel: int | None = None,
    keep_s: float | None = None,
    spectrogram: bool = True,
) -> LiveSession:
    """Analyse a microphone, or the computer's own sound.

    Blocks while models are loaded and the device is opened. A lost device is looked for every second.

    Parameters
    ----------
    models : sequence, optional
        Names, paths or detectors; the bundled defaults if not given.
    input : InputKind
        One of `InputKind.live`.
    device, hostapi : str, optional
        Which device; the default one if not given.
    provider : {"auto", "cpu", "cuda"}
    hop_s, listener, channel, keep_s, spectrogram
        As for `LiveSession`.

    Raises
    ------
    DeviceError
        PortAudio is missing, or there is no such device, or it cannot be opened.
    ModelError
        A model is missing or unusable.
    """
    detectors = load_models(models, provider)
    source = open_input(input, device, hostapi)

    def reopen() -> AudioSource:
        refresh()  # a device that is plugged in again is a new one to PortAudio
        return open_input(input, device, hostapi)

    role = InputKind(input).role
    return LiveSession(
        source,
        detectors,
        role=role,
        hop_s=hop_s,
        listener=listener,
        reopen=reopen,
        channel=channel,
        keep_s=keep_s,
        spectrogram=spectrogram,
    )


def open_stream(
    source: AudioSource,
    models: Sequence[ModelChoice] | None = None,
    *,
    hop_s: float | None = None,
    provider: Provider = "auto",
    listener: Listener | None = None,
    channel: int | None = None,
    keep_s: float | None = None,
    spectrogram: bool = True,
) -> LiveSession:
    """Analyse any other audio source, such as a file in real time.

    Raises
    ------
    DeviceError, ModelError
        As for `open_live`.
    """
    try:
        detectors = load_models(models, provider)
    except BaseException:
        source.stop()
        raise
    return LiveSession(
        source,
        detectors,
        hop_s=hop_s,
        listener=listener,
        channel=channel,
        keep_s=keep_s,
        spectrogram=spectrogram,
    )
