"""Evaluation on mixtures with known stems: scores by number of instruments, and the envelope error in dB.

Shapes: C mixtures, K labels, M envelope frames.

References
----------
Chen et al., Table V: scores by the number of overlapped instruments.
L. Häusler, L. I. Maier, 2022, section 5.3: envelopes are compared over 60 dB.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from irec_live.errors import DataError
from irec_live.models.spec import ModelSpec
from irec_models.data import EvalMix
from irec_models.measuring.aggregation import aggregate
from irec_models.measuring.clip_scores import level_of, presence_of, target_row
from irec_models.measuring.predictors import Array, Predictor, predict_recording, stitch
from irec_models.metrics import decision_accuracy, score

RANGE_DB = 60.0


@dataclass(frozen=True, slots=True)
class MixturePredictions:
    """Predictions of a model for mixtures, and the true labels and envelopes.

    Attributes
    ----------
    sizes : (C,) int64
        Sources in each mixture.
    activations : (C, K) float32
        What mixtures are ranked by: the highest window.
    levels : (C, K) float32
        What the model's thresholds are compared with; the same for activation models.
    targets : (C, K) int64
        1, 0 or `irec_models.metrics.UNKNOWN`.
    envelopes : tuple of pairs of (K, M) float32
        Predicted and true; none for activation models.
    """

    sizes: Tensor
    activations: Tensor
    levels: Tensor
    targets: Tensor
    envelopes: tuple[tuple[Array, Array], ...]


@dataclass(frozen=True, slots=True)
class SizeScores:
    """Mixtures of one size: intersection over union, exact matches, and share of single decisions that are right."""

    mixes: int
    multilabel_accuracy: float
    exact_match: float
    decision_accuracy: float


@dataclass(frozen=True, slots=True)
class EnvelopeError:
    """Mean absolute difference in dB, both sides limited to 60 dB below full scale.

    Attributes
    ----------
    active_db : float
        Where the instrument sounds (above -60 dBFS).
    silent_db : float
        Where it does not: how far a false envelope rises above the floor.
    silence_db : float
        What a model that always says silence would have for `active_db`.
    """

    active_db: float
    silent_db: float
    silence_db: float


@dataclass(frozen=True, slots=True)
class MixEvaluation:
    """Scores on mixtures.

    Attributes
    ----------
    sizes : dict of int to SizeScores
    macro_map : float
        Over all mixtures, labels that occur.
    envelope : EnvelopeError or None
        None for activation models.
    """

    sizes: dict[int, SizeScores]
    macro_map: float
    micro_f1: float
    envelope: EnvelopeError | None

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "sizes": {str(size): asdict(scores) for size, scores in self.sizes.items()},
            "macro_map": self.macro_map,
            "micro_f1": self.micro_f1,
            "envelope": asdict(self.envelope) if self.envelope else None,
        }


def evaluate_mixes(predictor: Predictor, mixes: Iterable[EvalMix]) -> MixEvaluation:
    """Run a model over mixtures.

    A mixture's labels are those audible anywhere in it, so its highest window decides, by the model's own thresholds.

    Raises
    ------
    DataError
        There are no mixtures.
    """
    return score_mixes(predict_mixtures(predictor, mixes), predictor.spec)


def predict_mixtures(predictor: Predictor, mixes: Iterable[EvalMix]) -> MixturePredictions:
    """Run a model over mixtures and collect its predictions and the true labels and envelopes.

    Raises
    ------
    DataError
        There are no mixtures.
    """
    spec = predictor.spec
    rows: list[Array] = []
    levels: list[Array] = []
    targets: list[list[int]] = []
    sizes: list[int] = []
    envelopes: list[tuple[Array, Array]] = []
    for mix in mixes:
        hop = spec.hop_length if spec.kind == "envelope" else spec.window_length // 2
        outputs = predict_recording(predictor, mix.audio, hop)
        sizes.append(mix.size)
        rows.append(aggregate(presence_of(outputs, mix.audio), "max"))
        levels.append(aggregate(level_of(outputs), "max"))
        targets.append(target_row(spec.labels, mix.labels, mix.unclear))
        if spec.kind == "envelope" and mix.frame_hop == spec.frame_hop:
            envelopes.append((stitch(outputs, hop // spec.frame_hop), mix.envelope))
    if not rows:
        raise DataError("there are no mixtures to evaluate on")
    return MixturePredictions(
        sizes=torch.tensor(sizes),
        activations=torch.from_numpy(np.stack(rows)),
        levels=torch.from_numpy(np.stack(levels)),
        targets=torch.tensor(targets),
        envelopes=tuple(envelopes),
    )


def score_mixes(predictions: MixturePredictions, spec: ModelSpec) -> MixEvaluation:
    """Score what `predict_mixtures` collected."""
    own = torch.tensor([spec.threshold(label).on for label in spec.labels])
    sizes = {}
    for size in sorted(set(predictions.sizes.tolist())):
        chosen = predictions.sizes == size
        scores = score(
            predictions.activations[chosen],
            predictions.targets[chosen],
            spec.labels,
            own,
            levels=predictions.levels[chosen],
        )
        decisions = decision_accuracy((predictions.levels[chosen] >= own).int(), predictions.targets[chosen])
        sizes[size] = SizeScores(int(chosen.sum()), scores.multilabel_accuracy, scores.exact_match, decisions)
    everything = score(predictions.activations, predictions.targets, spec.labels, own, levels=predictions.levels)
    envelope = envelope_error(predictions.envelopes) if predictions.envelopes else None
    return MixEvaluation(sizes, everything.macro_map, everything.micro_f1, envelope)


def envelope_error(pairs: Iterable[tuple[Array, Array]]) -> EnvelopeError:
    """Errors of (predicted, true) pairs of RMS envelopes (K, M), the longer of each pair cut to the shorter.

    Examples
    --------
    >>> error = envelope_error([(np.full((1, 4), 0.1, np.float32), np.full((1, 4), 1.0, np.float32))])
    >>> round(error.active_db, 3)
    20.0
    """
    active, silent, nothing = [], [], []
    for predicted, true in pairs:
        frames = min(predicted.shape[1], true.shape[1])
        ours, theirs = _decibels(predicted[:, :frames]), _decibels(true[:, :frames])
        sounding = theirs > -RANGE_DB
        difference = np.abs(ours - theirs)
        active.append(difference[sounding])
        silent.append(difference[~sounding])
        nothing.append(theirs[sounding] + RANGE_DB)
    return EnvelopeError(_mean(active), _mean(silent), _mean(nothing))


def _decibels(envelope: Array) -> Array:
    return np.clip(20.0 * np.log10(np.maximum(envelope, 1e-9)), -RANGE_DB, 0.0).astype(np.float32)


def _mean(parts: list[Array]) -> float:
    values = np.concatenate(parts)
    return float(values.mean()) if values.size else 0.0
