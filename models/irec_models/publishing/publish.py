"""``irec-train publish``: from the best weights of a run to a checkpoint fit to be exported.

Chooses thresholds, measures, writes the card.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from irec_live.models.spec import ModelSpec, Threshold
from irec_models.checkpoint import Checkpoint, load_checkpoint, respecify, save_checkpoint
from irec_models.data import LABELS, Batch, Clip, EvalClip, EvalMix, MixStream, eval_clips, held_out_mixes
from irec_models.data.manifests.manifest import read_manifests
from irec_models.data.mixing.config import AugmentConfig
from irec_models.data.mixing.evaluation_sets import load_clip
from irec_models.measuring.clip_scores import Evaluation, evaluate, predict_clips
from irec_models.measuring.mixture_scores import MixEvaluation, evaluate_mixes
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.measuring.thresholds import BOUNDS, choose_thresholds
from irec_models.metrics import average_precisions
from irec_models.nets import Network
from irec_models.progress import Begin, ticking, unseen
from irec_models.publishing.calibration import (
    calibrate,
    expected_calibration_error,
    fit_calibration,
    has_plain_output,
    keep_labels,
)
from irec_models.publishing.card import write_card
from irec_models.publishing.decide_file import decide_on, decided_card, listen
from irec_models.publishing.provenance import provenance
from irec_models.publishing.publish_clips import clip_headline, publish_clips
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.run import Run
from irec_models.training.validation import judge

THRESHOLD_BATCHES = 32
_THRESHOLD_SEED = 2_000_003
_MIX_SEED = 2
MIXES_PER_SIZE = 25
EXTRA_PRECISION = 0.6
FEWEST_CLIPS = 5
MOST_CLIPS = 30
LIFT_SCALE = 1.5
LIFTS = (3.0, 2.75, 2.5, 2.25, 2.0, 1.75, 1.5, 1.25, 1.0)
LIFT_MIXES = 8
SILENT_ERROR_DB = 1.0
NOISE_WINDOWS = 6144  # the threshold of drums moved from 0.40 to 0.63 between four draws of 1536
_NOISE_SEED = 3_000_017
_CALIBRATED = "; average precision and top-1 depend on the calibration a little"


def publish(
    run_folder: Path, data: Sequence[Path], out: Path, *, begin: Begin = unseen
) -> tuple[Evaluation, MixEvaluation | None]:
    """Finish a run.

    Thresholds are chosen on windows of mixtures of the held-out sources, which have every label but not real music,
    and of the dev clips, which are real but do not have every label. The scores are of other mixtures and of the dev
    split. What needs thresholds (precision, recall, F1) is therefore not of unseen clips on dev; nor are average
    precision and top-1 quite, where logits are calibrated, because windows are averaged after that.

    Where the recipe asks for a precision of what is named (``[decisions] precision``), the thresholds of activations
    are those of `irec_models.publishing.precision` instead, chosen on the dev clips alone.

    A recipe of mode ``clips`` gets its thresholds and scores from its validation clips alone, and no mixtures are
    made: see `irec_models.publishing.publish_clips.publish_clips`.

    Parameters
    ----------
    run_folder : Path
        As `irec_models.training.fit.fit` leaves it.
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    out : Path
        Checkpoint to write.
    begin : callable
        For progress; see `irec_models.progress`.

    Returns
    -------
    Evaluation
        On dev, or on the validation clips.
    MixEvaluation or None

    Raises
    ------
    CheckpointError, RecipeError, DataError, OutputError
    """
    run = Run(run_folder)
    recipe = load_recipe(run_folder / "recipe.toml")
    best = load_checkpoint(run.best)
    steps = max((int(entry["step"]) for entry in run.entries()), default=int(best.training.get("step", 0)))
    floor = recipe.decisions.precision_floor
    if recipe.stream.mode == "clips":
        return publish_clips(recipe, run.recipe_text(), best, steps, data, out, floor, begin), None
    network, recipe, left_out = learnt_labels(best, recipe, data)
    labels = recipe.data.labels
    about = {"title": recipe.model.title, "licence": recipe.model.licence, "training_data": recipe.model.training_data}
    spec = best.spec.model_copy(update={"labels": labels, **about})
    lift = lift_envelopes(network, spec, recipe, data, begin) if network.kind == "envelope" else 0.0
    unaided = CheckpointPredictor(network, spec)
    each = begin("dev clips", None)
    clips = predict_clips(unaided, eval_clips(data, sample_rate=spec.sample_rate, labels=labels), each=each)
    each = begin("windows for thresholds", THRESHOLD_BATCHES)
    held_out = judge(network, ticking(threshold_batches(recipe, data), each))
    real, truth = clips.sounding_windows()
    activations, targets = torch.cat((held_out.activations, real)), torch.cat((held_out.targets, truth))
    calibration = ""
    if network.kind == "activation" and has_plain_output(network):
        before = expected_calibration_error(activations, targets)
        logits = torch.logit(activations, eps=1e-6)
        scale, offset = fit_calibration(logits, targets)
        calibrate(network, scale, offset)
        activations = torch.sigmoid(logits * scale + offset)
        after = expected_calibration_error(activations, targets)
        calibration = (
            "; each label's logit scaled and shifted on the same windows "
            f"(calibration error {before:.3f} before, {after:.3f} after)"
        )
        each = begin("dev clips, calibrated", len(clips.files))
        clips = predict_clips(unaided, eval_clips(data, sample_rate=spec.sample_rate, labels=labels), each=each)
    thresholds = choose_thresholds(
        activations,
        targets,
        labels,
        precision_floor=floor,
        pooled_examples=recipe.decisions.pooled_examples,
        bounds=BOUNDS[network.kind],
    )
    each = begin("noise", NOISE_WINDOWS // recipe.stream.batch_size)
    noise = judge(network, ticking(noise_batches(recipe, data), each)).activations
    thresholds = above_noise(thresholds, noise, recipe.decisions.noise_share)
    spec = spec.model_copy(update={"thresholds": thresholds, "parameters": network.parameter_count})
    decision = None
    if recipe.decisions.precision is not None and network.kind == "activation":
        recordings = eval_clips(data, sample_rate=spec.sample_rate, labels=labels)
        heard = listen(unaided, recordings, begin("dev clips for decisions", None))
        decision = decide_on(heard, spec, recipe.decisions.precision)
        spec = decision.spec
    dev = evaluate(clips, spec)
    mixtures = published_mixes(recipe, data, spec.sample_rate)
    mixes = evaluate_mixes(CheckpointPredictor(network, spec), mixtures, each=begin("mixtures", None))
    training = {**best.training, "steps_in_all": steps}
    told = provenance(recipe, run.recipe_text(), training, spec, data)
    spec = respecify(spec, scores=headline(dev, mixes), **told)
    where = (
        f"highest F1 with a precision of at least {floor} on {len(held_out.targets)} windows of "
        f"mixtures of the held-out sources and {len(truth)} of the dev clips (so precision, recall and F1 on dev are "
        f"not of unseen clips{_CALIBRATED if calibration else ''}); labels with few examples, or "
        "never that precise, share one; raised where noise would light a label" + calibration
    )
    if recipe.decisions.pooled_examples:
        examples = recipe.decisions.pooled_examples
        where += f"; drawn towards the threshold of all labels pooled, as if that had {examples} examples"
    if lift:
        where += (
            f". Logits times {LIFT_SCALE} plus {lift}: the highest of {len(LIFTS)} offsets that leaves them within "
            f"{SILENT_ERROR_DB} dB where the instrument does not sound, on mixtures of the held-out sources"
        )
    if left_out:
        where += (
            f". Left out, being below an average precision of {EXTRA_PRECISION} on clips of the held-out sources, or "
            f"not among them: {', '.join(left_out)}"
        )
    card = write_card(recipe, spec, dev, mixes, where)
    if decision is not None:
        card = decided_card(card, decision)
    finished = Checkpoint(
        network.architecture, network.hyperparameters, network.state_dict(), spec=spec, card=card, training=training
    )
    save_checkpoint(out, finished)
    return dev, mixes


def learnt_labels(best: Checkpoint, recipe: Recipe, data: Sequence[Path]) -> tuple[Network, Recipe, tuple[str, ...]]:
    """The network with our 13 labels, and of the further ones those that it tells apart on held-out sources.

    A further label stays if its average precision on solo clips of the held-out sources reaches `EXTRA_PRECISION`.
    What does not stay counts as none of these from here on.

    Returns
    -------
    Network
        Folded.
    Recipe
        The same with the labels that stay.
    tuple of str
        What does not.
    """
    network, labels = best.network().folded(), best.spec.labels
    extra = [label for label in labels if label not in LABELS]
    if not extra or len(extra) == len(labels) or not has_plain_output(network):
        return network, recipe, ()
    judged = predict_clips(CheckpointPredictor(network, best.spec), solo_clips(recipe, data, best.spec.sample_rate))
    found = dict(zip(labels, average_precisions(judged.activations["s1"], judged.targets).tolist(), strict=True))
    present = dict(zip(labels, (judged.targets == 1).sum(dim=0).tolist(), strict=True))
    stay = [
        label
        for label in labels
        if label in LABELS or (present[label] >= FEWEST_CLIPS and found[label] >= EXTRA_PRECISION)
    ]
    fewer = recipe.model_copy(update={"data": recipe.data.model_copy(update={"labels": tuple(stay)})})
    left_out = tuple(label for label in labels if label not in stay)
    return keep_labels(network, [labels.index(label) for label in stay]), fewer, left_out


def lift_envelopes(
    network: Network, spec: ModelSpec, recipe: Recipe, data: Sequence[Path], begin: Begin = unseen
) -> float:
    """Raise a network's envelopes as far as what does not sound stays down; the offset, 0 if none fits.

    Cross-entropy asks for the mean over what might sound, so a doubtful instrument is shown too soft. How much louder
    it may be is chosen on mixtures of the held-out sources, others than the published scores are of.
    """
    if not has_plain_output(network):
        return 0.0
    mixtures = list(published_mixes(recipe, data, spec.sample_rate, per_size=LIFT_MIXES, seed=_MIX_SEED + 1))
    ones = torch.ones(network.labels)
    for lift in ticking(LIFTS, begin("louder envelopes", len(LIFTS))):
        raised = copy.deepcopy(network)
        calibrate(raised, LIFT_SCALE * ones, lift * ones)
        error = evaluate_mixes(CheckpointPredictor(raised, spec), mixtures).envelope
        if error is not None and error.silent_db <= SILENT_ERROR_DB:
            calibrate(network, LIFT_SCALE * ones, lift * ones)
            return lift
    return 0.0


def solo_clips(recipe: Recipe, data: Sequence[Path], sample_rate: int) -> Iterator[EvalClip]:
    """Held-out clips with one instrument each: at most `MOST_CLIPS` of one, spread over what there is."""
    by_name: dict[str, list[Clip]] = defaultdict(list)
    for clip in read_manifests(data):
        held_out = not recipe.data.hold_out or clip.source in recipe.data.hold_out
        if held_out and clip.split == recipe.data.validation_split and len(clip.labels) == 1:
            by_name[clip.labels[0]].append(clip)
    for found in by_name.values():
        for clip in found[:: -(-len(found) // MOST_CLIPS)]:
            yield load_clip(clip, sample_rate=sample_rate, labels=recipe.data.labels)


def above_noise(thresholds: dict[str, Threshold], noise: Tensor, share: float) -> dict[str, Threshold]:
    """Thresholds that at most a share of noise windows passes; activations of noise are (C, K), K as in the dict."""
    raised = {}
    for (label, threshold), reached in zip(
        thresholds.items(), torch.quantile(noise, 1.0 - share, dim=0).tolist(), strict=True
    ):
        on = min(max(threshold.on, reached), 0.98)
        raised[label] = Threshold(on=round(on, 4), off=round(threshold.off * on / threshold.on, 4))
    return raised


def noise_batches(recipe: Recipe, data: Sequence[Path]) -> Iterator[Batch]:
    """Windows of hiss, hum and recorded noise, with nobody playing; of a recipe without noise too.

    A recipe that mixes as the Neuroment thesis does always has somebody playing, so its way of mixing is not used.
    """
    augment = recipe.stream.augment
    noisy = augment if augment.hiss or augment.hum or augment.bed else AugmentConfig()
    stream = MixStream(
        recipe.stream.model_copy(update={"sizes": (1.0,), "mode": "ensemble", "augment": noisy}),
        data,
        seed=recipe.train.seed + _NOISE_SEED,
        labels=recipe.data.labels,
        allow_missing_labels=True,
    )
    return (stream.batch(step) for step in range(NOISE_WINDOWS // recipe.stream.batch_size))


def threshold_batches(recipe: Recipe, data: Sequence[Path]) -> Iterator[Batch]:
    """Windows that thresholds are chosen on: held-out sources, and another seed than validation had."""
    stream = MixStream(
        recipe.stream,
        data,
        seed=recipe.train.seed + _THRESHOLD_SEED,
        split=recipe.data.validation_split,
        only_sources=recipe.data.hold_out or None,
        labels=recipe.data.labels,
        allow_missing_labels=True,
    )
    return (stream.batch(step) for step in range(THRESHOLD_BATCHES))


def published_mixes(
    recipe: Recipe, data: Sequence[Path], sample_rate: int, *, per_size: int | None = None, seed: int = _MIX_SEED
) -> Iterator[EvalMix]:
    """Mixtures that the card's scores are measured on: 0 to 6 held-out sources, without augmentation."""
    return held_out_mixes(
        data,
        sample_rate=sample_rate,
        split=recipe.data.validation_split,
        sources=recipe.data.hold_out or None,
        labels=recipe.data.labels,
        per_size=MIXES_PER_SIZE if per_size is None else per_size,
        seed=seed,
    )


def headline(dev: Evaluation, mixes: MixEvaluation) -> dict[str, float]:
    """The few numbers that go into the model's metadata."""
    scores = {"mixes_macro_map": mixes.macro_map}
    if mixes.envelope:
        scores["mixes_envelope_error_db"] = mixes.envelope.active_db
    return {**clip_headline(dev), **{name: round(value, 4) for name, value in scores.items()}}
