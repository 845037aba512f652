"""Calibration and decision thresholds of a published model: pure functions of its predictions.

Shapes: C windows or items, K labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from irec_live.models.spec import ModelSpec, Threshold
from irec_models.measuring.aggregation import AGGREGATIONS, aggregate
from irec_models.measuring.clip_scores import ClipPredictions
from irec_models.measuring.thresholds import BOUNDS, choose_thresholds
from irec_models.publishing.calibration import expected_calibration_error, fit_calibration
from irec_models.publishing.predict import Predictions
from irec_models.recipes.recipe import DecisionsSection

HIGHEST = 0.98
"""Upper limit for thresholds that are raised because of noise."""

_CALIBRATED = "; average precision and top-1 depend on the calibration a little"


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """Thresholds and calibration that were chosen.

    Attributes
    ----------
    thresholds : dict of str to Threshold
    calibration : pair of (K,) float32 Tensor, or None
        Scale and offset of each label's logit, for the network's last layer; None where it stays as it is.
    predictions : Predictions
        As the calibrated network would have made them.
    chosen_on : str
        What the thresholds were chosen on, for the card.
    """

    thresholds: dict[str, Threshold]
    calibration: tuple[Tensor, Tensor] | None
    predictions: Predictions
    chosen_on: str


def decide(
    predictions: Predictions, spec: ModelSpec, options: DecisionsSection, *, calibrating: bool, name: str
) -> Decision:
    """Calibrate if `calibrating`, and choose thresholds.

    Thresholds are chosen on windows of mixtures of the held-out sources, which have every label but not real music, and
    of the dev clips, which are real but do not have every label; and no higher share of noise windows may pass them
    than the recipe allows. Where nothing was mixed, on windows of the clips alone.

    Parameters
    ----------
    predictions : Predictions
    spec : ModelSpec
    options : DecisionsSection
        Of the recipe.
    calibrating : bool
    name : str
        What the clips are.
    """
    calibration, told = None, ""
    if calibrating:
        before = expected_calibration_error(*predictions.windows)
        levels, targets = predictions.windows
        # eps: sigmoids saturate to exactly 0 and 1 in float32, whose logits would be infinite.
        calibration = fit_calibration(torch.logit(levels, eps=1e-6), targets)
        predictions = calibrated(predictions, *calibration)
        after = expected_calibration_error(*predictions.windows)
        told = (
            "; each label's logit scaled and shifted on the same windows "
            f"(calibration error {before:.3f} before, {after:.3f} after)"
        )
    mixed = predictions.held_out is not None
    levels, targets = predictions.windows
    thresholds = choose_thresholds(
        levels,
        targets,
        spec.labels,
        precision_floor=options.precision_floor,
        pooled_examples=options.pooled_examples if mixed else 0,
        bounds=BOUNDS[spec.kind],
    )
    if predictions.noise is not None:
        thresholds = above_noise(thresholds, predictions.noise, options.noise_share)
    return Decision(thresholds, calibration, predictions, _chosen_on(predictions, options, name, told))


def _chosen_on(predictions: Predictions, options: DecisionsSection, name: str, calibration: str) -> str:
    floor, real = options.precision_floor, len(predictions.clips.sounding_windows()[1])
    if predictions.held_out is None:
        return (
            f"highest F1 with a precision of at least {floor} on {real} windows of the {name} (so precision, recall "
            "and F1 below are not of unseen clips); labels with few examples, or never that precise, share one"
        )
    text = (
        f"highest F1 with a precision of at least {floor} on {len(predictions.held_out[1])} windows of mixtures of the "
        f"held-out sources and {real} of the dev clips (so precision, recall and F1 on dev are not of unseen "
        f"clips{_CALIBRATED if calibration else ''}); labels with few examples, or never that precise, share one"
    )
    text += f"{'' if predictions.noise is None else '; raised where noise would light a label'}{calibration}"
    if options.pooled_examples:
        text += f"; drawn towards the threshold of all labels pooled, as if that had {options.pooled_examples} examples"
    return text


def above_noise(thresholds: dict[str, Threshold], noise: Tensor, share: float) -> dict[str, Threshold]:
    """Thresholds that at most a share of noise windows passes; activations of noise are (C, K), K as in the dict."""
    raised = {}
    for (label, threshold), reached in zip(
        thresholds.items(), torch.quantile(noise, 1.0 - share, dim=0).tolist(), strict=True
    ):
        on = min(max(threshold.on, reached), HIGHEST)
        raised[label] = Threshold(on=round(on, 4), off=round(threshold.off * on / threshold.on, 4))
    return raised


def calibrated(predictions: Predictions, scale: Tensor, offset: Tensor) -> Predictions:
    """Predictions of an activation network with other scales and offsets (K,) of its logits.

    Silent windows, on which no network is run, stay zero.
    """

    def moved(activations: Tensor) -> Tensor:
        changed = torch.sigmoid(torch.logit(activations, eps=1e-6) * scale + offset)
        return torch.where((activations != 0).any(dim=-1, keepdim=True), changed, 0.0)

    def recalibrated(clips: ClipPredictions) -> ClipPredictions:
        windows = tuple(moved(torch.from_numpy(rows)).numpy() for rows in clips.windows)
        pooled = {how: torch.from_numpy(np.stack([aggregate(rows, how) for rows in windows])) for how in AGGREGATIONS}
        return replace(clips, activations=pooled, levels=pooled, windows=windows)

    held_out, mixtures = predictions.held_out, predictions.mixtures
    return Predictions(
        clips=recalibrated(predictions.clips),
        held_out=None if held_out is None else (moved(held_out[0]), held_out[1]),
        noise=None if predictions.noise is None else moved(predictions.noise),
        # Scales are positive, so the highest window stays the highest.
        mixtures=None
        if mixtures is None
        else replace(mixtures, activations=moved(mixtures.activations), levels=moved(mixtures.levels)),
        recordings=None
        if predictions.recordings is None
        else replace(
            predictions.recordings,
            rows=tuple(moved(torch.from_numpy(rows)).numpy() for rows in predictions.recordings.rows),
        ),
    )
