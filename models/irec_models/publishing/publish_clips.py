"""Finishing networks that were trained on clips as they are, where nothing can or should be mixed.

Shapes: C windows, K labels.

References
----------
Lumen Data Science 2023 project documentation, section 3.4: thresholds are chosen on the validation share of IRMAS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from irec_models.checkpoint import Checkpoint, respecify, save_checkpoint
from irec_models.data import EvalClip, eval_clips
from irec_models.measuring.clip_scores import Evaluation, evaluate, predict_clips
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.measuring.thresholds import choose_thresholds
from irec_models.progress import Begin
from irec_models.publishing.card import write_card
from irec_models.publishing.provenance import provenance
from irec_models.recipes.recipe import Recipe


def validation_clips(recipe: Recipe, data: Sequence[Path], sample_rate: int) -> Iterator[EvalClip]:
    """Whole clips of what a recipe keeps for validation, at a rate in Hz.

    Raises
    ------
    DataError
        There are none, or one cannot be decoded.
    """
    kept = recipe.data
    return eval_clips(
        data,
        sample_rate=sample_rate,
        labels=kept.labels,
        split=kept.validation_split,
        sources=kept.hold_out or None,
    )


def name_of_validation(recipe: Recipe) -> str:
    """What these clips are, for a card.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> name_of_validation(SimpleNamespace(data=SimpleNamespace(validation_split="dev", hold_out=())))
    'clips of the split dev'
    """
    held_out = f" from {', '.join(recipe.data.hold_out)}" if recipe.data.hold_out else ""
    return f"clips of the split {recipe.data.validation_split}{held_out}"


def publish_clips(
    recipe: Recipe,
    recipe_text: str,
    best: Checkpoint,
    steps: int,
    data: Sequence[Path],
    out: Path,
    precision_floor: float,
    begin: Begin,
) -> Evaluation:
    """Choose thresholds on the validation clips alone, measure there, write card and checkpoint.

    The network stays as its paper trained it: its activations are not calibrated.

    Parameters
    ----------
    recipe : Recipe
        Of mode ``clips``.
    recipe_text : str
        The same as TOML.
    best : Checkpoint
        Of the run.
    steps : int
        Of the run in all.
    data : sequence of Path
    out : Path
        Checkpoint to write.
    precision_floor : float
        Lowest precision of a threshold; see `irec_models.measuring.thresholds.choose_thresholds`.
    begin : callable
        For progress.

    Raises
    ------
    DataError, OutputError
    """
    network = best.network().folded()
    about = {"title": recipe.model.title, "licence": recipe.model.licence, "training_data": recipe.model.training_data}
    spec = respecify(best.spec, parameters=network.parameter_count, **about)
    what = name_of_validation(recipe)
    clips = validation_clips(recipe, data, spec.sample_rate)
    judged = predict_clips(CheckpointPredictor(network, spec), clips, each=begin(what, None))
    levels, targets = judged.sounding_windows()
    thresholds = choose_thresholds(levels, targets, spec.labels, precision_floor=precision_floor)
    spec = respecify(spec, thresholds=thresholds)
    scores = evaluate(judged, spec)
    training = {**best.training, "steps_in_all": steps}
    told = provenance(recipe, recipe_text, training, spec, data)
    spec = respecify(spec, scores=clip_headline(scores), **told)
    where = (
        f"highest F1 with a precision of at least {precision_floor} on {len(targets)} windows of the {what} (so "
        "precision, recall and F1 below are not of unseen clips); labels with few examples, or never that precise, "
        "share one"
    )
    card = write_card(recipe, spec, scores, None, where)
    content = Checkpoint(network.architecture, network.hyperparameters, network.state_dict(), spec, training=training)
    save_checkpoint(out, replace(content, card=card))
    return scores


def clip_headline(scores: Evaluation) -> dict[str, float]:
    """The few numbers of clips that go into the model's metadata."""
    s1 = scores.aggregations["s1"]
    numbers = {
        "dev_macro_map": s1.macro_map,
        "dev_top1": scores.top1["s1"],
        "dev_micro_f1": s1.micro_f1,
        "dev_macro_f1": s1.macro_f1,
    }
    return {name: round(value, 4) for name, value in numbers.items()}
