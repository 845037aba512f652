"""Detection latency: time from the onset of a note until the app shows its label.

What counts is the sound the app has taken by then: the part of a window that must be filled, the wait for the next
hop, the resampler, pooling and minimum duration. The device's buffer, inference and the display come on top.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from irec_live.errors import DataError
from irec_models.data import Clip, ClipSelection
from irec_models.data.manifests.labels import truth_of
from irec_models.data.mixing.evaluation_sets import load_clip
from irec_models.measuring.predictors import Array, Predictor
from irec_models.measuring.stress.live_pipeline import lead_s, listen, surrounded
from irec_models.measuring.stress.noises import SAMPLE_RATE
from irec_models.measuring.stress.selection import choose
from irec_models.progress import Progress, silent, tracked

ONSET_DB = -40.0
"""A clip begins where it first comes so near to its peak."""

_BLOCK_S = 0.02


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency of one label, or of all.

    Attributes
    ----------
    clips : int
    median_s, p90_s : float
        Over the clips that lit it; NaN if none did.
    never : float
        Share of the clips that never lit it, 0..1.
    """

    clips: int
    median_s: float
    p90_s: float
    never: float

    @classmethod
    def of(cls, latencies: Sequence[float | None]) -> Latency:
        """Sum up clips; None is a clip that never lit its label.

        Examples
        --------
        >>> Latency.of([0.5, 0.7, None, 0.6])
        Latency(clips=4, median_s=0.6, p90_s=0.68, never=0.25)
        """
        lit = [value for value in latencies if value is not None]
        median, p90 = (round(float(np.quantile(lit, q)), 4) if lit else math.nan for q in (0.5, 0.9))
        return cls(len(latencies), median, p90, 1.0 - len(lit) / len(latencies))

    def to_dict(self) -> dict[str, Any]:
        """JSON values; None where nothing was lit."""
        return {key: None if value != value else value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class DecisionLatency:
    """Latency over all solos and by label; labels without solos are left out."""

    overall: Latency
    labels: dict[str, Latency]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        rows = {label: latency.to_dict() for label, latency in self.labels.items()}
        return {"onset_db": ONSET_DB, "overall": self.overall.to_dict(), "labels": rows}


def decision_latency(
    predictor: Predictor,
    selection: ClipSelection,
    *,
    most: int = 100,
    progress: Progress = silent,
) -> DecisionLatency:
    """Play every solo of a selection to the app after a moment of silence.

    Parameters
    ----------
    predictor : Predictor
    selection : ClipSelection
    most : int
        Clips of each label, spread evenly.
    progress : Progress

    Raises
    ------
    DataError
        There are no solos of the model's labels.
    """
    names = predictor.spec.labels
    solos = (clip for clip in selection.clips if _solo_label(clip, names))
    clips = choose(solos, lambda clip: _solo_label(clip, names), most)
    if not clips:
        raise DataError(f"no clip of split '{selection.split}' holds one of the model's labels alone")
    found: dict[str, list[float | None]] = defaultdict(list)
    for clip in tracked(clips, progress, f"{predictor.spec.name}: latency"):
        label = _solo_label(clip, names)
        found[label].append(latency_of(predictor, load_clip(clip, sample_rate=SAMPLE_RATE).audio, label))
    everything = [value for values in found.values() for value in values]
    return DecisionLatency(
        overall=Latency.of(everything), labels={name: Latency.of(found[name]) for name in names if name in found}
    )


def latency_of(predictor: Predictor, audio: Array, label: str) -> float | None:
    """Seconds from the onset of a sound (T,) at 44.1 kHz to its label lit; None if it never is.

    Measured in steps of 20 ms, the block that the app takes at a time. A label that was lit before the onset counts as
    0.
    """
    result = listen(predictor, surrounded(predictor, audio, SAMPLE_RATE), SAMPLE_RATE, block_s=_BLOCK_S)
    lit_s = result.first_lit_s.get(label)
    return None if lit_s is None else max(0.0, lit_s - lead_s(predictor) - onset_s(audio, SAMPLE_RATE))


def onset_s(audio: Array, sample_rate: int) -> float:
    """Onset of a sound (T,) in seconds: where it first is within 40 dB of its peak; 0 for silence.

    Examples
    --------
    >>> onset_s(np.float32([0.0, 0.001, 0.5, 1.0]), 1000)
    0.002
    """
    level = np.abs(audio)
    loud = level > level.max(initial=0.0) * 10 ** (ONSET_DB / 20)
    return float(np.argmax(loud)) / sample_rate


def _solo_label(clip: Clip, labels: Sequence[str]) -> str:
    """The one label of a clip in which nothing else sounds, else an empty string."""
    truth = truth_of(clip.labels, clip.origin, labels)
    return next(iter(truth.present)) if len(truth.present) == 1 and not truth.others else ""
