"""Result types shared by the whole app: events, statistics, snapshots and overviews.

Shapes: K labels, R activation rows, M envelope rows, C spectrogram columns, F mel bands, P overview slices.
All times are seconds from the start of the stream.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

SPECTROGRAM_FLOOR_DB = -100.0
"""Lowest level in a spectrogram; lower levels are set to it."""

SILENCE_DB = -120.0
"""Lowest level of the meter, dBFS."""

State = Literal["starting", "running", "paused", "lost", "ended", "failed"]
"""State of a session. `lost`: the device is gone and is being looked for. `failed`: `Snapshot.message` says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """A label from its onset to its offset.

    Attributes
    ----------
    label : str
    onset_s, offset_s : float
        Middle of the windows that were pooled when its activation first and last was above threshold; `offset_s` is
        None while it is still lit.
    activation : float
        The highest pooled activation in between, 0..1; 1 of an event that a person set.
    corrected : bool
        Whether a person set it, rather than a network.
    """

    label: str
    onset_s: float
    offset_s: float | None
    activation: float
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Stats:
    """Performance statistics: how well the engine keeps up with real time.

    Attributes
    ----------
    overflows : int
        Times the device or the ring buffer lost samples.
    skipped_windows : int
        Windows dropped because inference was late.
    windows : int
        Windows predicted so far, silent ones not counted.
    inference_ms_p50, inference_ms_p99 : float
        Median and 99th percentile of one hop's inference time, all networks together, in milliseconds.
    load : float
        Share of real time that the worker thread is busy, 0..1.
    latency_ms : float
        Computed latency from sound to label: block + half a window and hop + pooling + inference (the view adds its
        display time).
    providers : tuple of str
        Execution provider that each network runs on, e.g. ``("CPU",)``.
    """

    overflows: int = 0
    skipped_windows: int = 0
    windows: int = 0
    inference_ms_p50: float = 0.0
    inference_ms_p99: float = 0.0
    load: float = 0.0
    latency_ms: float = 0.0
    providers: tuple[str, ...] = ()


def _no_rows() -> Array:
    return np.zeros((0, 0), np.float32)


def _no_times() -> npt.NDArray[np.float64]:
    return np.zeros(0, np.float64)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Results of a time span, all that a view needs to draw it; immutable, safe to pass to any thread.

    Attributes
    ----------
    labels : tuple of str
        The K labels, union of the running models'.
    time_s : float
        End of the span: newest sample (live), playhead (file), or any other moment that was asked for.
    span_s : float
        Length of the span.
    now_s : float
        The newest sample (live) or the playhead (file); `time_s` unless another moment was asked for.
    activation_times, activation : (R,) float64, (R, K) float32
        Window centres and raw activations 0..1.
    smoothed : (R, K) float32
        The same after the tracker's pooling: what thresholds are compared with.
    envelope_times, envelope : (M,) float64, (M, K) float32
        Frame centres and RMS envelopes 0..1 after overlap-add.
    thresholds : (K,) float32
        On-threshold in force for each label, 0..1; NaN for labels that the activation model does not have.
    detected : tuple of str
        Labels lit at `time_s`, the strongest first.
    events : tuple of Event
        Those that overlap the span, oldest first.
    spectrogram_times, spectrogram : (C,) float64, (C, F) float32
        Column centres and log-mel levels in dB re a full-scale sine.
    spectrogram_hz : (F,) float64
        Centre frequencies of the mel bands in Hz, rising; empty without a spectrogram.
    level_db, peak_db : float
        Input RMS and peak of the 50 ms before `now_s`, dBFS (-120 is silence).
    analysed_s : float
        End of what is analysed, seconds; before `time_s` where the playhead is ahead of the analysis. Infinite when
        nothing is missing.
    progress : float
        Share of the file that is analysed, 0..1.
    """

    labels: tuple[str, ...] = ()
    time_s: float = 0.0
    span_s: float = 0.0
    activation_times: npt.NDArray[np.float64] = field(default_factory=_no_times)
    activation: Array = field(default_factory=_no_rows)
    smoothed: Array = field(default_factory=_no_rows)
    envelope_times: npt.NDArray[np.float64] = field(default_factory=_no_times)
    envelope: Array = field(default_factory=_no_rows)
    thresholds: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    detected: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    spectrogram_times: npt.NDArray[np.float64] = field(default_factory=_no_times)
    spectrogram: Array = field(default_factory=_no_rows)
    spectrogram_hz: npt.NDArray[np.float64] = field(default_factory=_no_times)
    level_db: float = -120.0
    peak_db: float = -120.0
    stats: Stats = field(default_factory=Stats)
    state: State = "starting"
    message: str = ""
    analysed_s: float = math.inf
    progress: float = 1.0
    now_s: float = math.nan

    def __post_init__(self) -> None:
        """By default now is where the span ends."""
        if math.isnan(self.now_s):
            object.__setattr__(self, "now_s", self.time_s)

    @property
    def behind_s(self) -> float:
        """How long before now the span ends, seconds; negative where a file is looked at beyond the playhead."""
        return self.now_s - self.time_s

    @property
    def is_ahead(self) -> bool:
        """Whether the span ends at a place that is not analysed yet."""
        return self.time_s > self.analysed_s


@dataclass(frozen=True, slots=True)
class Overview:
    """Waveform, activations and events of a whole file, filled in while it is analysed, or of a live session so far.

    Attributes
    ----------
    duration_s : float
    progress : float
        Share analysed so far, 0..1; 1 of a live session.
    peaks : (P, 2) float32
        Lowest and highest sample, nominally -1..1, in each of P equal slices; NaN if not yet decoded.
    strips : (P, K) float32
        Highest pooled activation 0..1 of each label in each slice; NaN if not yet analysed.
    labels : tuple of str
        The K labels of `strips`.
    detected : tuple of str
        Labels with at least one event so far.
    events : tuple of Event
        All events so far.
    """

    duration_s: float = 0.0
    progress: float = 0.0
    peaks: Array = field(default_factory=_no_rows)
    strips: Array = field(default_factory=_no_rows)
    labels: tuple[str, ...] = ()
    detected: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
