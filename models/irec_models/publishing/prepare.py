"""Before publishing: remove labels that were not learnt, and correct the bias of envelopes towards silence."""

from __future__ import annotations

import copy

import torch

from irec_live.models.spec import ModelSpec
from irec_models.data import LABELS
from irec_models.measuring.clip_scores import predict_clips
from irec_models.measuring.mixture_scores import evaluate_mixes
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.metrics import average_precisions
from irec_models.nets import Network
from irec_models.progress import Progress, silent, tracked
from irec_models.publishing.calibration import calibrate, has_plain_output, keep_labels
from irec_models.publishing.predict import Material

EXTRA_PRECISION = 0.6
FEWEST_CLIPS = 5
LIFT_SCALE = 1.5
LIFTS = (3.0, 2.75, 2.5, 2.25, 2.0, 1.75, 1.5, 1.25, 1.0)
SILENT_ERROR_DB = 1.0
LIFT_MIXES = 8
_LIFT_SEED = 3


def learnt_labels(
    network: Network, spec: ModelSpec, material: Material, *, progress: Progress = silent
) -> tuple[Network, tuple[str, ...], str]:
    """Keep our 13 labels, and of the further ones those that the network recognises on held-out sources.

    A further label stays if its average precision on solo clips of the held-out sources reaches `EXTRA_PRECISION`.
    What does not stay counts as none of these from here on.

    Returns
    -------
    Network
    tuple of str
        The labels that stay.
    str
        What does not, for the card; empty if all stay.
    """
    labels = spec.labels
    extra = [label for label in labels if label not in LABELS]
    if not extra or len(extra) == len(labels) or not has_plain_output(network):
        return network, labels, ""
    solos = tracked(material.solos(spec.sample_rate), progress, "held-out solos")
    predictions = predict_clips(CheckpointPredictor(network, spec), solos)
    found = dict(
        zip(labels, average_precisions(predictions.activations["s1"], predictions.targets).tolist(), strict=True)
    )
    present = dict(zip(labels, (predictions.targets == 1).sum(dim=0).tolist(), strict=True))
    stay = tuple(
        label
        for label in labels
        if label in LABELS or (present[label] >= FEWEST_CLIPS and found[label] >= EXTRA_PRECISION)
    )
    left_out = [label for label in labels if label not in stay]
    remark = (
        f". Left out, being below an average precision of {EXTRA_PRECISION} on clips of the held-out sources, or not "
        f"among them: {', '.join(left_out)}"
    )
    return keep_labels(network, [labels.index(label) for label in stay]), stay, remark if left_out else ""


def lift_envelopes(network: Network, spec: ModelSpec, material: Material, *, progress: Progress = silent) -> str:
    """Scale and raise the logits of envelopes while silent instruments stay silent; returns a sentence for the card.

    Cross-entropy has its minimum at the mean over what might sound, so an uncertain instrument is shown too soft. How
    much louder it may be is chosen on mixtures of the held-out sources, others than the published scores are of, and on
    as many of the dev split: what a network began with may have been trained on the held-out sources.
    """
    if network.kind != "envelope" or not has_plain_output(network):
        return ""
    plan = {"per_size": LIFT_MIXES, "seed": _LIFT_SEED}
    held_out, dev = list(material.mixtures(spec, **plan)), list(material.dev_mixtures(spec, **plan))
    ones = torch.ones(network.labels)
    for lift in tracked(LIFTS, progress, "louder envelopes"):
        raised = copy.deepcopy(network)
        calibrate(raised, LIFT_SCALE * ones, lift * ones)
        predictor = CheckpointPredictor(raised, spec)
        errors = [evaluate_mixes(predictor, mixtures).envelope for mixtures in (held_out, dev) if mixtures]
        if all(error is not None and error.silent_db <= SILENT_ERROR_DB for error in errors):
            calibrate(network, LIFT_SCALE * ones, lift * ones)
            return (
                f". Logits times {LIFT_SCALE} plus {lift}: the highest of {len(LIFTS)} offsets that leaves them within "
                f"{SILENT_ERROR_DB} dB where the instrument does not sound, on mixtures of the held-out sources"
                + (" and on those of the dev split" if dev else "")
            )
    return ""
