"""Decision thresholds: chosen on predictions by F1, with a floor for precision, per label.

Shapes: C items, K labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from irec_live.models.spec import Kind, Threshold
from irec_models.metrics import UNKNOWN, score

GRID = tuple(round(0.02 * step, 2) for step in range(1, 50))
"""Thresholds that are tried; Han et al. (Table III) try nine of them for each aggregation."""

_OFF_SHARE = 0.6  # of the on-threshold: hysteresis wide enough that a dying note does not flicker
BOUNDS: dict[Kind, tuple[float, float]] = {"activation": (0.15, 0.9), "envelope": (1e-3, 0.25)}
"""Bounds of on-thresholds. Below, noise would light labels; above, quiet playing never would. Envelopes are amplitudes:
from -60 dBFS, where envelopes are compared no further, to -12 dBFS."""


@dataclass(frozen=True, slots=True)
class Best:
    """The threshold, one for all labels, that gives the highest micro F1."""

    threshold: float
    micro_f1: float
    macro_f1: float


def best_single(activations: Tensor, targets: Tensor, labels: Sequence[str]) -> Best:
    """Sweep one threshold over `GRID`: the best micro F1 on these very items, an upper bound; (C, K) each."""
    found = [(threshold, score(activations, targets, labels, threshold)) for threshold in GRID]
    threshold, scores = max(found, key=lambda pair: pair[1].micro_f1)
    return Best(threshold, scores.micro_f1, scores.macro_f1)


def choose_thresholds(
    activations: Tensor,
    targets: Tensor,
    labels: Sequence[str],
    *,
    precision_floor: float = 0.6,
    support: int = 20,
    pooled_examples: int = 0,
    bounds: tuple[float, float] = BOUNDS["activation"],
) -> dict[str, Threshold]:
    """On and off thresholds per label: the highest F1 among those that keep a precision.

    A label's best threshold on some hundred windows of a handful of recordings is mostly that of these recordings. With
    `pooled_examples` P and n examples of its own it is moved towards the one of all labels pooled, to n / (n + P) of
    the way from there.

    Parameters
    ----------
    activations : (C, K) float
        0..1.
    targets : (C, K) int
        1, 0, or `irec_models.metrics.UNKNOWN`.
    labels : sequence of K str
    precision_floor : float
        A label that lights wrongly costs more trust than one that lights late. A label that no threshold brings there
        gets the one of all labels pooled.
    support : int
        A label with fewer examples gets the pooled threshold too: its own would be chance.
    pooled_examples : int
        How many examples the pooled threshold counts for, beside a label's own; 0 for each label's own alone.
    bounds : (float, float)
        Lowest and highest on-threshold.

    Examples
    --------
    >>> activations = torch.tensor([[0.9], [0.8], [0.3], [0.1]])
    >>> choose_thresholds(activations, torch.tensor([[1], [1], [0], [0]]), ["flute"], support=1)["flute"].on
    0.55
    """
    pooled = _best_on(activations.reshape(-1), targets.reshape(-1), precision_floor)
    common = 0.5 if pooled is None else pooled
    result = {}
    for k, label in enumerate(labels):
        examples = int((targets[:, k] == 1).sum())
        own = _best_on(activations[:, k], targets[:, k], precision_floor) if examples >= support else None
        on = common if own is None else common + (own - common) * examples / max(1, examples + pooled_examples)
        on = min(max(on, bounds[0]), bounds[1])
        result[label] = Threshold(on=round(on, 4), off=round(on * _OFF_SHARE, 4))
    return result


def _best_on(activations: Tensor, targets: Tensor, precision_floor: float) -> float | None:
    """Best threshold of one label, in the middle between two neighbouring activations; None if none is precise."""
    known = targets != UNKNOWN
    values, truth = activations[known].double().numpy(), targets[known].numpy()
    if not truth.any():
        return None
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.cumsum(truth[order])
    positives = np.arange(1, len(values) + 1)
    # A threshold can only lie between two different activations.
    allowed = np.append(values[:-1] > values[1:], True) & (hits / positives >= precision_floor)
    if not allowed.any():
        return None
    at = int(np.argmax(np.where(allowed, 2 * hits / (positives + hits[-1]), -1.0)))
    below = values[at + 1] if at + 1 < len(values) else 0.0
    return float((values[at] + below) / 2)


def as_tensor(thresholds: dict[str, Threshold], labels: Sequence[str]) -> Tensor:
    """On-thresholds in the order of `labels`, (K,)."""
    return torch.tensor([thresholds[label].on for label in labels])
