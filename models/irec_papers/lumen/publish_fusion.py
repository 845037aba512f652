"""``irec-train fuse``: from networks that were trained one by one to a fused checkpoint fit to be exported.

Shapes: C windows, K labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from irec_live.errors import CheckpointError, RecipeError
from irec_models.checkpoint import Checkpoint, load_checkpoint, respecify, save_checkpoint
from irec_models.data import DataFolders
from irec_models.progress import Progress, silent
from irec_models.publishing.card import score_lines
from irec_models.publishing.predict import CHOOSING, SCORING, Material, Predictions, predict
from irec_models.publishing.publish import prepare_output
from irec_models.publishing.score import PublishedScores, score
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.run import check_held_out_alike, recipe_beside
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
    progress: Progress = silent,
) -> PublishedScores:
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
    progress : Progress

    Raises
    ------
    CheckpointError
        A member cannot be fused, or two are the same.
    RecipeError, DataError, OutputError
    """
    prepare_output(out)
    members = _by_member([load_checkpoint(path) for path in paths])
    recipe = load_recipe(recipe_path) if recipe_path else _common_recipe(paths)
    title = title or f"Lumen fusion of {', '.join(members)}: every one must say yes"
    half = {member: torch.full((len(checkpoint.spec.labels),), 0.5) for member, checkpoint in members.items()}
    fuse(members, half, name=name, title=title)  # what does not fit together is refused before anything is predicted
    first = next(iter(members.values())).spec
    if not set(first.labels) <= set(recipe.data.labels):
        raise RecipeError(f"the recipe '{recipe.model.name}' lacks labels that '{first.name}' has")
    # Publishing may have left out labels that were not learnt.
    material = Material(recipe, DataFolders(data)).of(first.labels)
    predictions = {
        member: predict(
            checkpoint.network().folded(),
            checkpoint.spec,
            material,
            parts=CHOOSING,
            prefix=f"{member}: ",
            progress=progress,
        )
        for member, checkpoint in members.items()
    }
    thresholds = {member: grid_thresholds(*found.windows) for member, found in predictions.items()}
    fused = fuse(members, thresholds, name=name, title=title)
    fused_predictions = predict(
        fused.network(), fused.spec, material, parts=SCORING, prefix="the fusion: ", progress=progress
    )
    scores = score(fused_predictions, fused.spec)
    spec = respecify(fused.spec, scores=scores.headline)
    chosen_on = _chosen_on(material, predictions[[*members][-1]])
    lines = score_lines(scores.clips, scores.mixtures)
    card = _card(replace(fused, spec=spec), members, thresholds, chosen_on, lines)
    save_checkpoint(out, replace(fused, spec=spec, card=card))
    return scores


def _chosen_on(material: Material, predictions: Predictions) -> str:
    """Sentence for the card: the data that thresholds were chosen on."""
    real = len(predictions.clips.sounding_windows()[1])
    if predictions.held_out is None:
        return f"{real} windows of the {material.name}"
    return (
        f"{len(predictions.held_out[1])} windows of augmented mixtures of the held-out sources and {real} of the dev "
        "clips"
    )


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
        alike = {(other.stream.mode == "clips", other.data.validation_split) for other in (recipe, first)}
        if len(alike) > 1:
            raise RecipeError(
                f"'{recipe.model.name}' and '{first.model.name}' were validated on different material (stream.mode, "
                "data.validation_split); train them alike"
            )
    return first


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
