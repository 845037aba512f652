"""Collect a model's predictions for recordings in windows as far apart as in the app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from irec_live.errors import DataError
from irec_models.data import EvalClip
from irec_models.measuring.by_source import Kind, kind_of
from irec_models.measuring.clip_scores import target_row
from irec_models.measuring.predictors import Predictor, predict_recording
from irec_models.publishing.precision import Array, RecordingPredictions


class PredictionCollector:
    """Collects predictions for recordings while they are iterated over for another purpose.

    Parameters
    ----------
    predictor : Predictor
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._rows: list[Array] = []
        self._targets: list[list[int]] = []
        self._kinds: list[Kind] = []
        self._sources: list[str] = []
        self._seconds: list[float] = []

    def passing(self, clips: Iterable[EvalClip]) -> Iterator[EvalClip]:
        """The same clips, each predicted on in windows as far apart as in the app."""
        spec = self._predictor.spec
        for clip in clips:
            self._rows.append(predict_recording(self._predictor, clip.audio, spec.hop_length))
            self._targets.append(target_row(spec.labels, clip.labels, clip.unclear))
            self._kinds.append(kind_of(clip))
            self._sources.append(clip.source)
            self._seconds.append(len(clip.audio) / spec.sample_rate)
            yield clip

    def collected(self) -> RecordingPredictions:
        """All predictions so far.

        Raises
        ------
        DataError
            There were no recordings.
        """
        if not self._rows:
            raise DataError("there are no recordings to choose thresholds on")
        spec = self._predictor.spec
        return RecordingPredictions(
            labels=spec.labels,
            hop_s=spec.hop_s,
            rows=tuple(self._rows),
            targets=np.array(self._targets, np.int64),
            kinds=tuple(self._kinds),
            sources=tuple(self._sources),
            seconds=np.array(self._seconds),
        )
