"""Evaluation on real clips (``irec-train evaluate``): predictions and their scores.

Shapes: C clips, R windows of a clip, K labels, N frames of a window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from irec_live.errors import DataError
from irec_live.models.spec import ModelSpec
from irec_models.data import EvalClip
from irec_models.measuring.aggregation import AGGREGATIONS, Aggregation, aggregate
from irec_models.measuring.predictors import Array, Predictor, predict_recording
from irec_models.measuring.thresholds import Best, best_single
from irec_models.metrics import UNKNOWN, Scores, score

_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class ClipPredictions:
    """Predictions of a model for clips, and the true labels.

    Attributes
    ----------
    files : tuple of C str
    labels : tuple of K str
    activations : dict of aggregation to (C, K) float32
        What clips are ranked by.
    levels : dict of aggregation to (C, K) float32
        What the model's thresholds are compared with; the same for activation models.
    windows : tuple of C (R, K) float32
        The levels before they were aggregated.
    targets : (C, K) int64
        1, 0 or `UNKNOWN`.
    solo : (C,) bool
        Exactly one label and nothing else sounds.
    """

    files: tuple[str, ...]
    labels: tuple[str, ...]
    activations: dict[Aggregation, Tensor]
    levels: dict[Aggregation, Tensor]
    windows: tuple[Array, ...]
    targets: Tensor
    solo: Tensor

    def sounding_windows(self) -> tuple[Tensor, Tensor]:
        """Levels and targets (W, K) of all windows that are not silent, each with its clip's labels."""
        sounding = [rows.max(axis=1) > 0 for rows in self.windows]
        levels = np.concatenate([rows[keep] for rows, keep in zip(self.windows, sounding, strict=True)])
        counts = torch.tensor([int(keep.sum()) for keep in sounding])
        return torch.from_numpy(levels), self.targets.repeat_interleave(counts, dim=0)

    def top1(self, how: Aggregation = "s1") -> float:
        """Share of solo clips whose strongest label is the right one; 0 without solos."""
        return top1(self.activations[how], self.targets, self.solo)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one model on one set of clips.

    Attributes
    ----------
    aggregations : dict of aggregation to Scores
        ``s1`` and ``max`` with the model's own thresholds, ``s2`` with 0.5 (Han et al., Table V).
    searched : dict of aggregation to Best
        One threshold for all labels, searched on these very clips: an upper bound.
    top1 : dict of aggregation to float
    """

    model: str
    clips: int
    solos: int
    aggregations: dict[Aggregation, Scores]
    searched: dict[Aggregation, Best]
    top1: dict[Aggregation, float]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "model": self.model,
            "clips": self.clips,
            "solos": self.solos,
            "top1": dict(self.top1),
            "aggregations": {how: scores.to_dict() for how, scores in self.aggregations.items()},
            "searched": {
                how: {"threshold": best.threshold, "micro_f1": best.micro_f1, "macro_f1": best.macro_f1}
                for how, best in self.searched.items()
            },
        }


def predict_clips(predictor: Predictor, clips: Iterable[EvalClip], *, hop_s: float | None = None) -> ClipPredictions:
    """Run a model over clips.

    Parameters
    ----------
    predictor : Predictor
    clips : iterable of EvalClip
        At the model's sample rate.
    hop_s : float or None
        Seconds between windows; None is half a window, as in Han et al. (IV.B).

    Raises
    ------
    DataError
        There are no clips.
    """
    spec = predictor.spec
    hop = spec.window_length // 2 if hop_s is None else max(1, round(hop_s * spec.sample_rate))
    activations: dict[Aggregation, list[Array]] = {how: [] for how in AGGREGATIONS}
    levels: dict[Aggregation, list[Array]] = {how: [] for how in AGGREGATIONS}
    files, targets, solo, windows = [], [], [], []
    for clip in clips:
        rows = predict_recording(predictor, clip.audio, hop)
        for how in AGGREGATIONS:
            activations[how].append(aggregate(presence_of(rows, clip.audio), how))
            levels[how].append(aggregate(level_of(rows), how))
        windows.append(level_of(rows))
        files.append(clip.file)
        targets.append(target_row(spec.labels, clip.labels, clip.unclear))
        solo.append(clip.solo)
    if not files:
        raise DataError("there are no clips to evaluate on")
    return ClipPredictions(
        files=tuple(files),
        labels=spec.labels,
        activations={how: torch.from_numpy(np.stack(values)) for how, values in activations.items()},
        levels={how: torch.from_numpy(np.stack(values)) for how, values in levels.items()},
        windows=tuple(windows),
        targets=torch.tensor(targets),
        solo=torch.tensor(solo),
    )


def presence_of(rows: Array, audio: Array) -> Array:
    """Activations (R, K) as they are; envelopes (R, K, N) as the label's level in each window, 0..1 over 60 dB.

    The level is taken relative to the clip's own: an instrument as loud as all the sound is 1, one 60 dB below is 0.
    Otherwise a soft clip would hold less of everything.
    """
    if rows.ndim == 2:
        return rows
    level = max(float(np.sqrt(np.mean(audio**2))), _FLOOR)
    rms = np.sqrt(np.mean(rows**2, axis=2))
    decibels = 20.0 * np.log10(np.maximum(rms / level, _FLOOR))
    return np.asarray(np.clip(1.0 + decibels / 60.0, 0.0, 1.0), np.float32)


def level_of(rows: Array) -> Array:
    """Values that thresholds are compared with: activations (R, K), or the highest RMS in each window of (R, K, N)."""
    return rows if rows.ndim == 2 else np.asarray(rows.max(axis=2))


def target_row(labels: Sequence[str], present: Sequence[str], unclear: Sequence[str] = ()) -> list[int]:
    """1, 0 or `UNKNOWN` for each label."""
    return [1 if label in present else UNKNOWN if label in unclear else 0 for label in labels]


def top1(activations: Tensor, targets: Tensor, solo: Tensor) -> float:
    """Share of the items marked in `solo` (C,) whose strongest label is right; (C, K) each; 0 without any."""
    if not bool(solo.any()):
        return 0.0
    strongest = activations[solo].argmax(dim=1, keepdim=True)
    return float((targets[solo].gather(1, strongest) == 1).float().mean())


def evaluate(predictions: ClipPredictions, spec: ModelSpec) -> Evaluation:
    """Score what `predict_clips` collected."""
    own = torch.tensor([spec.threshold(label).on for label in spec.labels])
    thresholds: dict[Aggregation, Tensor | float] = {"s1": own, "s2": 0.5, "max": own}
    return Evaluation(
        model=spec.name,
        clips=len(predictions.files),
        solos=int(predictions.solo.sum()),
        aggregations={
            how: score(
                predictions.activations[how],
                predictions.targets,
                predictions.labels,
                thresholds[how],
                levels=predictions.levels[how],
            )
            for how in AGGREGATIONS
        },
        searched={
            how: best_single(predictions.activations[how], predictions.targets, predictions.labels)
            for how in AGGREGATIONS
        },
        top1={how: predictions.top1(how) for how in AGGREGATIONS},
    )
