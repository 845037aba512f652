"""Checkpoints of a training: what the app must know of the network, and all that resuming needs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from torch import Tensor

from irec_live.errors import CheckpointError
from irec_live.models.provenance import Lineage
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import Checkpoint, spec_for
from irec_models.nets import Network
from irec_models.recipes.recipe import Recipe
from irec_models.training.lineage import ancestors_of

if TYPE_CHECKING:
    from irec_models.training.trainer import Trainer


def spec_of(recipe: Recipe, network: Network) -> ModelSpec:
    """What the app must know about the recipe's model; thresholds and scores come later, from evaluation."""
    return spec_for(
        network,
        name=recipe.model.name,
        title=recipe.model.title,
        labels=recipe.data.labels,
        hop_length=recipe.model.hop_length,
        licence=recipe.model.licence,
        training_data=recipe.model.training_data,
        seed=recipe.train.seed,
        reference=recipe.model.reference,
    )


def checkpoint_of(trainer: Trainer, weights: dict[str, Tensor], training: dict[str, Any]) -> Checkpoint:
    """Some weights of a trainer's network with spec and lineage, and what is told of the training."""
    start = trainer.start
    lineage = Lineage(recipe=trainer.recipe.model.name, start=start.get("name", ""), ancestors=ancestors_of(start))
    spec = spec_of(trainer.recipe, trainer.network)
    return Checkpoint(
        architecture=trainer.network.architecture,
        hyperparameters=trainer.network.hyperparameters,
        state_dict=weights,
        spec=spec.model_copy(update={"sources": trainer.sources, "lineage": lineage}),
        training=training,
    )


def training_state(trainer: Trainer) -> dict[str, Any]:
    """All that resuming needs beside the weights, as plain values and tensors."""
    training = {
        "step": trainer.step,
        "seconds": trainer.elapsed,
        "best": trainer.best,
        "flat": trainer.flat,
        "validated": trainer.validated,
        "plateau": trainer.plateau.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
    }
    if trainer.start:
        training["start"] = trainer.start
    if trainer.teacher_head:
        # Named as in files of earlier versions, which are resumed too.
        training["guess"] = trainer.teacher_head.state_dict()
    if trainer.label_classifier:
        training["expert"] = trainer.label_classifier.state_dict()
    if trainer.keeper:
        training["kept"] = trainer.keeper.network.state_dict()
    if trainer.average:
        training["average"] = trainer.average.state_dict()
    return training


def load_training_state(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Put a trainer where a ``last.pt`` stands.

    Raises
    ------
    CheckpointError
        If it is of another recipe or is not a ``last.pt``.
    """
    state = checkpoint.training
    saved = checkpoint.network()
    spec, model = checkpoint.spec, trainer.recipe.model
    theirs = (spec.name, spec.labels, saved.architecture, saved.hyperparameters)
    if theirs != (model.name, trainer.recipe.data.labels, model.architecture, trainer.network.hyperparameters):
        raise CheckpointError(f"{trainer.run.last} is of another network than the recipe's; give another --out")
    try:
        trainer.network.load_state_dict(dict(checkpoint.state_dict))
        trainer.optimizer.load_state_dict(state["optimizer"])
        trainer.plateau.load_state_dict(state["plateau"])
        trainer.step, trainer.seconds = int(state["step"]), float(state["seconds"])
        trainer.best, trainer.flat = float(state["best"]), int(state["flat"])
        trainer.validated = int(state.get("validated", trainer.step))
        trainer.start = dict(state.get("start", {}))
        if trainer.teacher_head:
            trainer.teacher_head.load_state_dict(state["guess"])
        if trainer.label_classifier:
            trainer.label_classifier.load_state_dict(state["expert"])
        if trainer.recipe.keep:
            # The start itself is not at hand when a run is resumed; what it was lies in the checkpoint.
            kept = copy.deepcopy(trainer.network)
            kept.load_state_dict(state["kept"])
            trainer.keep(kept)
        if trainer.average:
            trainer.average.load_state_dict(state["average"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"{trainer.run.last} cannot be resumed with this recipe and version: {reason}; start again with another "
            "--out"
        ) from error
