"""``irec-train fuse``: from networks that were trained one by one to a fused checkpoint fit to be exported.

Shapes: C judged windows, K labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from irec_live.errors import CheckpointError, RecipeError
from irec_models.checkpoint import Checkpoint, load_checkpoint, respecify, save_checkpoint
from irec_models.data import Batch, EvalClip, eval_clips
from irec_models.measuring.clip_scores import Evaluation, evaluate, predict_clips
from irec_models.measuring.mixture_scores import MixEvaluation, evaluate_mixes
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.progress import Begin, ticking, unseen
from irec_models.publishing.card import score_lines
from irec_models.publishing.publish import headline, published_mixes, threshold_batches
from irec_models.publishing.publish_clips import clip_headline, name_of_validation, validation_clips
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.run import check_held_out_alike, recipe_beside
from irec_models.training.validation import judge
from irec_papers.lumen.fusion import fuse, grid_thresholds, member_of
from irec_papers.lumen.fusion_net import MEMBERS


def publish_fusion(
    paths: Sequence[Path],
    data: Sequence[Path],
    out: Path,
    *,
    name: str,
    title: str,
    recipe_path: Path | None = None,
    begin: Begin = unseen,
) -> tuple[Evaluation, MixEvaluation | None]:
    """Choose each member's thresholds, fuse, measure, write card and checkpoint.

    Thresholds are chosen where `irec_models.publishing.publish.publish` chooses those of a single model: on windows
    of mixtures of the held-out sources and on the dev clips. So the fused model and its members can be compared.
    Of members trained on clips as they are, that is on the validation clips alone, as in the Lumen project, and nothing
    is mixed.

    Parameters
    ----------
    paths : sequence of Path
        Two or three checkpoints, in any order.
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    out : Path
        Checkpoint to write.
    name, title : str
        Of the fused model; an empty title is made from the members.
    recipe_path : Path, optional
        Recipe that says which sources were held out; by default ``recipe.toml`` beside each member.
    begin : callable
        For progress; see `irec_models.progress`.

    Returns
    -------
    Evaluation
        On dev, or on the validation clips.
    MixEvaluation or None

    Raises
    ------
    CheckpointError
        A member cannot be fused, or two are the same.
    RecipeError, DataError, OutputError
    """
    members = _by_member([load_checkpoint(path) for path in paths])
    recipe = load_recipe(recipe_path) if recipe_path else _common_recipe(paths)
    title = title or f"Lumen fusion of {', '.join(members)}: every one must say yes"
    half = {member: torch.full((len(checkpoint.spec.labels),), 0.5) for member, checkpoint in members.items()}
    fuse(members, half, name=name, title=title)  # what does not fit together is refused before anything is judged
    first = next(iter(members.values())).spec
    if not set(first.labels) <= set(recipe.data.labels):
        raise RecipeError(f"the recipe '{recipe.model.name}' lacks labels that '{first.name}' has")
    # Publishing may have left out labels that were not learnt.
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"labels": first.labels})})
    thresholds, chosen_on = _thresholds(members, recipe, data, begin)
    fused = fuse(members, thresholds, name=name, title=title)
    fused_predictor = CheckpointPredictor(fused.network(), fused.spec)
    clips = predict_clips(
        fused_predictor, _clips(recipe, data, first.sample_rate), each=begin("the fusion: clips", None)
    )
    dev, mixes = evaluate(clips, fused.spec), None
    if not _is_clips(recipe):
        mixtures = published_mixes(recipe, data, fused.spec.sample_rate)
        mixes = evaluate_mixes(fused_predictor, mixtures, each=begin("the fusion: mixtures", None))
    spec = respecify(fused.spec, scores=headline(dev, mixes) if mixes else clip_headline(dev))
    card = _card(replace(fused, spec=spec), members, thresholds, chosen_on, score_lines(dev, mixes))
    save_checkpoint(out, replace(fused, spec=spec, card=card))
    return dev, mixes


def _by_member(checkpoints: Sequence[Checkpoint]) -> dict[str, Checkpoint]:
    found: dict[str, Checkpoint] = {}
    for checkpoint in checkpoints:
        member = member_of(checkpoint)
        if member in found:
            raise CheckpointError(
                f"'{found[member].spec.name}' and '{checkpoint.spec.name}' are both on {member}; a fusion takes one of "
                f"each of {', '.join(MEMBERS)}"
            )
        found[member] = checkpoint
    if len(found) < 2:
        raise CheckpointError(f"a fusion needs two or three networks, of {', '.join(MEMBERS)}")
    return {member: found[member] for member in MEMBERS if member in found}


def _common_recipe(paths: Sequence[Path]) -> Recipe:
    """The first member's recipe, if no other held out other sources: else one was chosen on what another learnt."""
    recipes = []
    for path in paths:
        recipe = recipe_beside(path)
        if recipe is None:
            raise RecipeError(
                f"there is no recipe.toml beside {path}, so which sources were held out is not known; name the recipe "
                "with --recipe"
            )
        recipes.append(recipe)
    check_held_out_alike(paths)
    first = recipes[0]
    for recipe in recipes[1:]:
        if _is_clips(recipe) != _is_clips(first) or recipe.data.validation_split != first.data.validation_split:
            raise RecipeError(
                f"'{recipe.model.name}' and '{first.model.name}' were validated on different material (stream.mode, "
                "data.validation_split); train them alike"
            )
    return first


def _is_clips(recipe: Recipe) -> bool:
    return recipe.stream.mode == "clips"


def _clips(recipe: Recipe, data: Sequence[Path], sample_rate: int) -> Iterator[EvalClip]:
    """Real clips that thresholds are chosen and scores measured on."""
    if _is_clips(recipe):
        return validation_clips(recipe, data, sample_rate)
    return eval_clips(data, sample_rate=sample_rate, labels=recipe.data.labels)


def _thresholds(
    members: Mapping[str, Checkpoint], recipe: Recipe, data: Sequence[Path], begin: Begin
) -> tuple[dict[str, Tensor], str]:
    """Thresholds (K,) of each member, and in words what they were chosen on."""
    batches: list[Batch] = [] if _is_clips(recipe) else list(threshold_batches(recipe, data))
    chosen: dict[str, Tensor] = {}
    where = ""
    for member, checkpoint in members.items():
        network, spec = checkpoint.network().folded(), checkpoint.spec
        clips = _clips(recipe, data, spec.sample_rate)
        judged = predict_clips(CheckpointPredictor(network, spec), clips, each=begin(f"{member}: clips", None))
        activations, targets = judged.sounding_windows()
        where = f"{len(targets)} windows of the {name_of_validation(recipe)}"
        if batches:
            held_out = judge(network, ticking(batches, begin(f"{member}: mixtures", len(batches))))
            where = (
                f"{len(held_out.targets)} windows of augmented mixtures of the held-out sources and {len(targets)} of "
                "the dev clips"
            )
            activations = torch.cat((held_out.activations, activations))
            targets = torch.cat((held_out.targets, targets))
        chosen[member] = grid_thresholds(activations, targets)
    return chosen, where


def _card(
    fused: Checkpoint,
    members: Mapping[str, Checkpoint],
    thresholds: Mapping[str, Tensor],
    chosen_on: str,
    scores: Sequence[str],
) -> str:
    spec = fused.spec
    number = sum(len(values) for values in thresholds.values())
    lines = [
        f"# {spec.title or spec.name}",
        "",
        f"{spec.kind} model, {spec.parameters:,} weights; hears {spec.window_s * 1000:.0f} ms at "
        f"{spec.sample_rate} Hz.",
        f"Members, each trained alone: {', '.join(checkpoint.spec.name for checkpoint in members.values())}; their "
        "cards follow.",
        f"An instrument plays where every member is above its own threshold, {number} in all: each the highest F1 on a "
        f"grid of 0.01, on {chosen_on} (so precision, recall and F1 below are not of unseen clips).",
        "",
        "| instrument | " + " | ".join(members) + " |",
        "|---" * (len(members) + 1) + "|",
        *(
            f"| {label} | " + " | ".join(f"{float(thresholds[member][k]):.2f}" for member in members) + " |"
            for k, label in enumerate(spec.labels)
        ),
        "",
        "## Scores",
        "",
        *scores,
    ]
    return "\n".join(lines) + "\n\n" + fused.card
