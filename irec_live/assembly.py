"""From curves and events to an `Analysis`: of a file, of a live stream, or of a recording that is opened again.

Shapes: K labels, R activation rows, M envelope rows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from irec_live.models.spec import Threshold
from irec_live.report import Analysis, ModelUse, summarise
from irec_live.results import Array, Event
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.model_stream import WindowPredictor, thresholds
from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.tracker import LabelTracker, track

Times = npt.NDArray[np.float64]

_LASTING_S = 5.0
_LASTING_SHARE = 0.1
_LONGEST_HOLD_S = 1.0
"""A grid point whose last row is older than this is 0: sound was lost there, or never arrived."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What results were found with: networks, labels and thresholds.

    Attributes
    ----------
    models : tuple of ModelUse
    labels : tuple of str
        The K labels.
    activation_hop_s, envelope_frame_s : float
        Seconds from one row to the next; 0 without a model of that kind.
    thresholds : dict of str to Threshold
        In force, by label that the model of activations knows.
    threshold_offset : float
        What the user had added to all of them.
    not_predicted : dict of str to frozenset of str
        By kind of model, labels that it does not know.
    """

    models: tuple[ModelUse, ...]
    labels: tuple[str, ...]
    activation_hop_s: float = 0.0
    envelope_frame_s: float = 0.0
    thresholds: dict[str, Threshold] = field(default_factory=dict)
    threshold_offset: float = 0.0
    not_predicted: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, pipeline: Pipeline, decisions: Decisions | None = None) -> Circumstances:
        """Those of a pipeline.

        Parameters
        ----------
        pipeline : Pipeline
        decisions : Decisions, optional
            That its events were found with, where they may have changed since; the present ones by default.
        """
        hops = {stream.spec.kind: stream.hop_s for stream in pipeline.streams}
        frames = [stream.spec for stream in pipeline.streams if stream.spec.kind == "envelope"]
        decided = decisions or pipeline.decisions
        unknown = pipeline.not_predicted.get("activation", pipeline.labels)
        limits = pipeline.tracker.limits(decided)
        return cls(
            models=tuple(
                ModelUse(
                    name=stream.spec.name,
                    sha256=getattr(stream.model, "sha256", ""),
                    sample_rate=stream.spec.sample_rate,
                    window_s=stream.spec.window_s,
                    hop_s=stream.hop_s,
                )
                for stream in pipeline.streams
            ),
            labels=pipeline.labels,
            activation_hop_s=hops.get("activation", 0.0),
            envelope_frame_s=frames[0].frame_hop / frames[0].sample_rate if frames else 0.0,
            thresholds={label: value for label, value in limits.items() if label not in unknown},
            threshold_offset=decided.offset,
            not_predicted=pipeline.not_predicted,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Curves:
    """Rows with their times, as they were found.

    Attributes
    ----------
    activation_times, activation : (R,) float64, (R, K) float32
    envelope_times, envelope : (M,) float64, (M, K) float32
    """

    activation_times: Times
    activation: Array
    envelope_times: Times
    envelope: Array

    def on_grids(self, circumstances: Circumstances, duration_s: float) -> Curves:
        """The same at regular times up to `duration_s`, as `Analysis` wants them: for live sound, where windows may
        have been skipped."""
        times, rows = on_grid(self.activation_times, self.activation, circumstances.activation_hop_s, duration_s)
        frames, levels = on_grid(self.envelope_times, self.envelope, circumstances.envelope_frame_s, duration_s)
        return Curves(times, rows, frames, levels)


def on_grid(times: Times, rows: Array, step_s: float, end_s: float = math.inf) -> tuple[Times, Array]:
    """Rows at regular times: the last row before each, or 0 where that is older than a second.

    Parameters
    ----------
    times : (R,) float64
        Rising.
    rows : (R, K) float32
    step_s : float
        0 leaves them as they are.
    end_s : float
        Later rows are left out.

    Examples
    --------
    >>> times, rows = on_grid(np.array([0.5, 0.6, 0.8, 2.5]), np.float32([[1], [2], [3], [4]]), 0.1)
    >>> rows[:, 0].tolist()[:6], rows[-2:, 0].tolist(), len(times)
    ([1.0, 2.0, 2.0, 3.0, 3.0, 3.0], [0.0, 4.0], 21)
    """
    inside = int(np.searchsorted(times, end_s, "right"))
    times, rows = times[:inside], rows[:inside]
    if not times.size or step_s <= 0.0:
        return times, rows
    count = 1 + round((float(times[-1]) - float(times[0])) / step_s)
    grid: Times = float(times[0]) + step_s * np.arange(count, dtype=np.float64)
    # Half a step of grace: times of a stream are rounded to samples, those of the grid are not.
    last = np.maximum(np.searchsorted(times, grid + step_s / 2, "right") - 1, 0)
    old = grid - times[last] > _LONGEST_HOLD_S
    held: Array = np.where(old[:, None], np.float32(0.0), rows[last])
    return grid, held


def assemble(
    file: str,
    duration_s: float,
    circumstances: Circumstances,
    curves: Curves,
    events: Sequence[Event],
    *,
    reached_s: float | None = None,
    warning: str = "",
    warnings: Sequence[str] | None = None,
) -> Analysis:
    """An analysis of curves on regular grids and of events.

    Parameters
    ----------
    file : str
        Name to put in the result.
    duration_s : float
    circumstances : Circumstances
    curves : Curves
    events : sequence of Event
        By onset.
    reached_s : float, optional
        The time that the last decision is about: events that it, or the first window, holds are drawn out to the ends.
        Without it only open events get an end, that of the sound.
    warning : str
        On what is missing.
    warnings : sequence of str, optional
        Everything to be said, that included; `warning` alone by default.
    """
    times, frame_times = curves.activation_times, curves.envelope_times
    clip = summarise(circumstances.labels, curves.activation)
    named = lasting(events)
    if reached_s is None:
        ended = tuple(event if event.offset_s is not None else replace(event, offset_s=duration_s) for event in events)
    else:
        ended = to_the_ends(events, times, reached_s, duration_s)
    return Analysis(
        file=file,
        duration_s=duration_s,
        models=circumstances.models,
        labels=circumstances.labels,
        activation=curves.activation,
        activation_start_s=float(times[0]) if times.size else 0.0,
        activation_hop_s=circumstances.activation_hop_s,
        envelope=curves.envelope,
        envelope_start_s=float(frame_times[0]) if frame_times.size else 0.0,
        envelope_frame_s=circumstances.envelope_frame_s,
        events=ended,
        clip=clip,
        detected=tuple(
            sorted((label for label in circumstances.labels if label in named), key=lambda label: -clip.s2[label])
        ),
        warning=warning,
        not_predicted=circumstances.not_predicted,
        thresholds=circumstances.thresholds,
        threshold_offset=circumstances.threshold_offset,
        warnings=tuple(warnings) if warnings is not None else (warning,) if warning else (),
    )


def with_offset(analysis: Analysis, models: Sequence[WindowPredictor], offset: float) -> Analysis:
    """The same curves with other events: what an analysis of a file had been with its thresholds moved.

    Parameters
    ----------
    analysis : Analysis
    models : sequence of WindowPredictor
        Those it was made with.
    offset : float
        Added to all thresholds.
    """
    tracker = LabelTracker(analysis.labels, thresholds(models), hop_s=analysis.activation_hop_s or 0.1)
    tracker.offset = offset
    times = analysis.activation_times
    ended, _ = track(times, analysis.activation, tracker)
    limits = {label: value for label, value in tracker.limits().items() if label in analysis.thresholds}
    return assemble(
        analysis.file,
        analysis.duration_s,
        Circumstances(
            models=analysis.models,
            labels=analysis.labels,
            activation_hop_s=analysis.activation_hop_s,
            envelope_frame_s=analysis.envelope_frame_s,
            thresholds=limits,
            threshold_offset=offset,
            not_predicted=analysis.not_predicted,
        ),
        Curves(times, analysis.activation, analysis.envelope_times, analysis.envelope),
        sorted((*ended, *tracker.flush()), key=lambda event: event.onset_s),
        reached_s=tracker.reached_s,
        warning=analysis.warning,
        warnings=analysis.warnings,
    )


def to_the_ends(events: Sequence[Event], times: Times, last_s: float, duration_s: float) -> tuple[Event, ...]:
    """Events that the first or last decision holds, drawn out to the ends of the file, which their windows reach.

    A file of one window would otherwise have events of no length.
    """
    if not times.size:
        return tuple(events)
    first, last = float(times[0]) + 1e-6, last_s - 1e-6  # times that were added up differ by rounding
    return tuple(
        replace(
            event,
            onset_s=0.0 if event.onset_s <= first else event.onset_s,
            offset_s=duration_s if event.offset_s is None or event.offset_s >= last else event.offset_s,
        )
        for event in events
    )


def lasting(events: Sequence[Event]) -> set[str]:
    """Labels that sound long enough to be named of a whole recording.

    In a long one nearly every label lights for a moment somewhere. A label counts that is lit for a tenth as long as
    the one lit longest, or for five seconds in all.

    Examples
    --------
    >>> lasting([Event("piano", 0.0, 20.0, 0.9), Event("flute", 3.0, 6.0, 0.5), Event("tuba", 7.0, 7.3, 0.3)]) == {
    ...     "piano",
    ...     "flute",
    ... }
    True
    """
    lit_s: dict[str, float] = defaultdict(float)
    for event in events:
        lit_s[event.label] += max((event.offset_s or event.onset_s) - event.onset_s, 0.0)
    enough = min(_LASTING_S, _LASTING_SHARE * max(lit_s.values(), default=0.0))
    return {label for label, seconds in lit_s.items() if seconds >= enough}


def cut(analysis: Analysis, from_s: float, to_s: float) -> Analysis:
    """The part of an analysis between two moments, counted from the first.

    Events that reach beyond are cut; the clip's numbers are those of the part.

    Raises
    ------
    ValueError
        `to_s` is not after `from_s`, or that lies behind the end.
    """
    to_s = min(to_s, analysis.duration_s)
    if not 0.0 <= from_s < to_s:
        raise ValueError(f"there is nothing between {from_s} s and {to_s} s of {analysis.duration_s} s")
    times, frames = analysis.activation_times, analysis.envelope_times
    rows = (times >= from_s) & (times <= to_s)
    inside = (frames >= from_s) & (frames <= to_s)
    events = tuple(
        replace(event, onset_s=max(event.onset_s, from_s) - from_s, offset_s=min(_end_s(event, to_s), to_s) - from_s)
        for event in analysis.events
        if event.onset_s < to_s and _end_s(event, to_s) > from_s
    )
    clip, named = summarise(analysis.labels, analysis.activation[rows]), lasting(events)
    return replace(
        analysis,
        duration_s=to_s - from_s,
        activation=analysis.activation[rows],
        activation_start_s=float(times[rows][0]) - from_s if rows.any() else 0.0,
        envelope=analysis.envelope[inside],
        envelope_start_s=float(frames[inside][0]) - from_s if inside.any() else 0.0,
        events=events,
        clip=clip,
        detected=tuple(sorted((name for name in analysis.labels if name in named), key=lambda name: -clip.s2[name])),
    )


def _end_s(event: Event, end_s: float) -> float:
    return end_s if event.offset_s is None else event.offset_s
