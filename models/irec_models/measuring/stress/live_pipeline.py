"""Run a model in the app's live pipeline, with the same tracker and thresholds.

The app makes events of activations. Envelopes are read here by the same tracker, frame by frame, with the model's own
thresholds, which are amplitudes: what the app would light if it had this model alone.

Shapes: T samples, K labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from irec_live.models.detector import Detector
from irec_live.models.spec import ModelSpec
from irec_live.results import Event
from irec_live.streaming.pipeline import Pipeline, PipelineStep
from irec_live.streaming.tracker import LabelTracker
from irec_models.measuring.predictors import Array, Predictor, stateful_of
from irec_models.measuring.stress.noises import faint

HOP_S = 0.1
"""Seconds between activation windows."""

_ALREADY_S = 1.0  # of faint noise before a sound, at least; as much follows the last window that reaches it


@dataclass(slots=True)
class LiveResult:
    """Labels that were detected while a sound was analysed.

    Attributes
    ----------
    events : list of Event
        In the order in which they ended; seconds from the beginning.
    first_lit_s : dict of str to float
        Seconds of sound that the app had taken when the label first was lit.
    """

    events: list[Event] = field(default_factory=list)
    first_lit_s: dict[str, float] = field(default_factory=dict)

    @property
    def labels(self) -> frozenset[str]:
        """All that had an event."""
        return frozenset(event.label for event in self.events)

    def take(self, time_s: float, lit: tuple[str, ...], ended: tuple[Event, ...]) -> None:
        """Add what a step of the pipeline gave."""
        self.events += ended
        for label in lit:
            self.first_lit_s.setdefault(label, time_s)


class _AsModel:
    """Adapts a predictor to the pipeline's interface."""

    providers = ("CPU",)

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        if isinstance(predictor, Detector):
            self.context = predictor.context
            self.with_features = predictor.with_features
        stateful = stateful_of(predictor)
        if stateful is not None:
            self.shared_columns = lambda: stateful

    @property
    def spec(self) -> ModelSpec:
        return self._predictor.spec

    def __call__(self, windows: npt.NDArray[np.float32], /) -> npt.NDArray[np.float32]:
        return self._predictor(windows)


def pipeline_for(predictor: Predictor, sample_rate: int) -> Pipeline:
    """The app's pipeline with one model."""
    return Pipeline(sample_rate, [_AsModel(predictor)], hop_s=HOP_S, spectrogram=False)


def listen(predictor: Predictor, audio: Array, sample_rate: int, *, block_s: float = 1.0) -> LiveResult:
    """Analyse a sound to its end.

    Parameters
    ----------
    predictor : Predictor
    audio : (T,) float32
    sample_rate : int
        Hz, of `audio`; the pipeline resamples.
    block_s : float
        Seconds the app takes at a time, which is the resolution of `LiveResult.first_lit_s`.
    """
    pipeline = pipeline_for(predictor, sample_rate)
    reader = _EnvelopeReader(predictor.spec) if predictor.spec.kind == "envelope" else None
    result = LiveResult()
    for time_s, step in _steps(pipeline, audio, max(1, round(block_s * sample_rate))):
        if reader is None:
            result.take(time_s, step.detected, step.events)
        else:
            result.take(time_s, *reader.read(step))
    if reader is not None:
        result.take(len(audio) / sample_rate, (), reader.tracker.flush())
    return result


def lead_s(predictor: Predictor) -> float:
    """Seconds of faint noise that `surrounded` puts before a sound: a window is full of it when the sound begins."""
    return max(_ALREADY_S, predictor.spec.window_s)


def surrounded(predictor: Predictor, audio: Array, sample_rate: int) -> Array:
    """Pad a sound (T,) with the faint noise of a quiet input: `lead_s` before, and enough after for its last window."""
    before = round(lead_s(predictor) * sample_rate)
    after = round((predictor.spec.window_s + _ALREADY_S) * sample_rate)
    quiet = faint(before + after, sample_rate)
    return np.concatenate([quiet[:before], audio.astype(np.float32), quiet[before:]])


class _EnvelopeReader:
    """Runs the app's tracker over envelope frames."""

    def __init__(self, spec: ModelSpec) -> None:
        thresholds = {label: spec.threshold(label) for label in spec.labels}
        self.tracker = LabelTracker(spec.labels, thresholds, hop_s=spec.frame_hop / spec.sample_rate)

    def read(self, step: PipelineStep) -> tuple[tuple[str, ...], tuple[Event, ...]]:
        """Labels lit at any frame of a step, and events that ended."""
        tracked = [self.tracker.push(time_s, row) for time_s, row in step.envelopes]
        lit = dict.fromkeys(label for one in tracked for label in one.lit)
        return tuple(lit), tuple(event for one in tracked for event in one.ended)


def _steps(pipeline: Pipeline, audio: Array, block: int) -> Iterator[tuple[float, PipelineStep]]:
    for first in range(0, len(audio), block):
        step = pipeline.push(audio[first : first + block])
        yield pipeline.time_s, step
    yield pipeline.time_s, pipeline.flush()
