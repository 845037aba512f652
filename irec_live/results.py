"""The plain values that pass between rooms: events, statistics, what a view draws.

Shapes: K labels, R activation rows, M envelope rows, C spectrogram columns, F mel bands, P overview pixels.
All times are seconds from the start of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

SPECTROGRAM_FLOOR_DB = -100.0
"""Lowest level in a spectrogram; what is below is given as this."""

SILENCE_DB = -120.0
"""Lowest level of the meter."""

State = Literal["starting", "running", "paused", "lost", "ended", "failed"]
"""Of a session: `lost` is a device that went away and is being retried; `failed` says why in `Snapshot.message`."""


@dataclass(frozen=True, slots=True)
class Event:
    """One label from the moment it lit to the moment it went out.

    Attributes
    ----------
    label : str
    onset_s, offset_s : float
        The first and last moment that it was told of, a moment being the middle of the windows that are pooled;
        `offset_s` is None while it still sounds.
    activation : float
        The highest pooled activation in between, 0..1.
    """

    label: str
    onset_s: float
    offset_s: float | None
    activation: float


@dataclass(frozen=True, slots=True)
class Stats:
    """How well the engine keeps up.

    Attributes
    ----------
    overflows : int
        Times the device or the ring buffer lost samples.
    skipped_windows : int
        Windows that we dropped because inference was late.
    windows : int
        Windows judged so far, silent ones not counted.
    inference_ms_p50, inference_ms_p99 : float
        Of one hop's inference, all networks together.
    load : float
        Share of real time that the worker is busy, 0..1.
    latency_ms : float
        Sound to label, stated: block + window/2 + pooling + inference (+ display, added by the view).
    providers : tuple of str
        What each network really runs on, e.g. ``("CPU",)``.
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
    """Everything a view needs to draw one picture; immutable, safe to hand to any thread.

    Attributes
    ----------
    labels : tuple of str
        The K labels, union of the running models'.
    time_s : float
        Right edge of the picture: newest sample (live) or playhead (file).
    span_s : float
        Seconds shown, ending at `time_s`.
    activation_times, activation : (R,) float64, (R, K) float32
        Window centres and raw activations 0..1.
    smoothed : (R, K) float32
        The same after the tracker's pooling: what thresholds are compared with.
    envelope_times, envelope : (M,) float64, (M, K) float32
        Frame centres and RMS envelopes 0..1 after overlap-add.
    thresholds : (K,) float32
        The on-threshold in force for each label; NaN where no model of activations knows it.
    detected : tuple of str
        Labels lit at `time_s`, the strongest first.
    events : tuple of Event
        Those that touch the picture, oldest first.
    spectrogram_times, spectrogram : (C,) float64, (C, F) float32
        Column centres and log-mel levels in dB re full scale.
    spectrogram_hz : (F,) float64
        Centres of the mel bands, rising; empty where nobody knows them.
    level_db, peak_db : float
        Input RMS and peak of the last moment, dBFS (-120 is silence).
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


@dataclass(frozen=True, slots=True)
class Overview:
    """A whole file at a glance, filling in while it is analysed.

    Attributes
    ----------
    duration_s : float
    progress : float
        Share analysed so far, 0..1.
    peaks : (P, 2) float32
        Lowest and highest sample in each of P equal slices of the file; NaN where not yet decoded.
    strips : (P, K) float32
        Highest pooled activation of each label in each slice; NaN where not yet analysed.
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
