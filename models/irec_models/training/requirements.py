"""What the training of a recipe must be given, checked before its first step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from irec_live.errors import RecipeError
from irec_models.data import Bank, DataFolders
from irec_models.data.mixing.pools import check_examples
from irec_models.recipes.recipe import Recipe
from irec_models.training.sequences import PublishedTags
from irec_models.training.start_weights import PUBLISHED, Start, check_published
from irec_models.training.teacher import YamNet


def require_teacher(recipe: Recipe, teacher: Path | None) -> None:
    """Check that a teacher is given if the recipe learns from one, and none if it does not.

    Raises
    ------
    RecipeError, ModelError
        It is not so, or the file cannot teach.
    """
    if recipe.sequences:
        if bool(recipe.sequences.teach) != (teacher is not None):
            raise RecipeError(
                f"recipe '{recipe.model.name}' has sequences.teach = {recipe.sequences.teach:g}: give the exported "
                "file of a network of windows with --teacher, or add --set sequences.teach=0"
            )
        return
    if recipe.distill and teacher is None:
        raise RecipeError(
            f"recipe '{recipe.model.name}' learns from {recipe.distill.teacher}; give its file with --teacher, "
            "or take [distill] out of the recipe"
        )
    if teacher is not None:
        if not recipe.distill:
            raise RecipeError(f"recipe '{recipe.model.name}' has no [distill] table, so --teacher has no use")
        YamNet(teacher, recipe.stream.sample_rate)


def require_start(recipe: Recipe, start: Start | None, path: Path | None) -> None:
    """Check that the recipe's start is given, and no other.

    Raises
    ------
    RecipeError, CheckpointError
        It is not so, or `path` is not the published file that the recipe means.
    """
    wanted = recipe.model.start_from
    if wanted and start is None:
        if recipe.start:
            raise RecipeError(
                f"recipe '{recipe.model.name}' starts from {wanted}, which others publish: fetch "
                f"{recipe.start.address} and give it with --start-from {recipe.start.file}"
            )
        raise RecipeError(
            f"recipe '{recipe.model.name}' starts from a trained {wanted}; give its file or name with --start-from"
        )
    if start and path and recipe.start and start.spec is None:
        check_published(path, recipe.start)
    if start and start.name != wanted:
        raise RecipeError(
            f"recipe '{recipe.model.name}' starts from {wanted}, but --start-from is {start.name}; "
            f"to begin with that one, add --set model.start_from={start.name}"
        )
    if start and recipe.keep and getattr(start.network, "tags", None) is None:
        raise RecipeError(
            f"{start.name} no longer says what its trunk was trained on, which [keep] would hold it to; start from its "
            "checkpoint, or add --set keep="
        )


def published_to_keep(recipe: Recipe, path: Path | None) -> PublishedTags | None:
    """What the recipe's ``[sequences]`` holds the network to, if it does.

    Raises
    ------
    RecipeError, CheckpointError
        Its file is not given, has no use, or is another one.
    """
    wanted = recipe.sequences is not None and recipe.sequences.keep > 0
    if wanted and path is None:
        raise RecipeError(
            f"recipe '{recipe.model.name}' holds its network to what the published {PUBLISHED} says; give that file "
            "with --keep-to, or add --set sequences.keep=0"
        )
    if path is not None and not wanted:
        raise RecipeError(f"recipe '{recipe.model.name}' has no sequences.keep, so --keep-to has no use")
    return PublishedTags(path) if path else None


def require_examples(recipe: Recipe, data: Sequence[Path]) -> None:
    """Check by the manifests that there are clips to train and to validate on, before any of them is decoded.

    Raises
    ------
    DataError
        A manifest is unusable, or a label has no example to learn from.
    """
    if recipe.stream.mode == "clips":  # whose stream looks at labels itself, before it decodes
        return
    bank = Bank(DataFolders(data), recipe.stream.sample_rate)
    for selection, allow_missing in ((recipe.data.training(data), False), (recipe.data.validation(data), True)):
        clips = [bank.clips[index] for index in bank.select(selection)]
        check_examples(clips, recipe.data.labels, allow_missing=allow_missing)
