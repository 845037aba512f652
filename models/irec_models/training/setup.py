"""Parts of a training that its recipe decides: groups of parameters, what a teacher needs, precision."""

from __future__ import annotations

from typing import Any

import torch

from irec_live.errors import RecipeError
from irec_models.nets import HeadedNetwork, Network
from irec_models.recipes.recipe import Recipe
from irec_models.training.teacher import LabelClassifier, Student, TeacherHead


def parameter_groups(network: Network, head_alone: bool, head_rate: float) -> list[dict[str, Any]]:
    """Parameters for the optimiser by their learning rate, relative to the recipe's; the others are frozen."""
    if not isinstance(network, HeadedNetwork):
        return [{"params": list(network.parameters()), "relative": 1.0}]
    head = list(network.head())
    known = {id(parameter) for parameter in head}
    trunk = [parameter for parameter in network.parameters() if id(parameter) not in known]
    if head_alone:
        for parameter in trunk:
            parameter.requires_grad_(False)
        return [{"params": head, "relative": head_rate}]
    return [{"params": trunk, "relative": 1.0}, {"params": head, "relative": head_rate}]


def teacher_head_of(recipe: Recipe, network: Network) -> TeacherHead | None:
    """What compares the network with its teacher, if the recipe names one.

    Raises
    ------
    RecipeError
        The architecture cannot learn from a teacher.
    """
    if recipe.distill is None:
        return None
    if not isinstance(network, Student):
        raise RecipeError(
            f"recipe '{recipe.model.name}': architecture '{network.architecture}' cannot learn from a teacher"
        )
    head = TeacherHead(network.embedding_size, recipe.distill.contrast, network.kind == "envelope")
    return head.to(next(network.parameters()).device)


def label_classifier_of(recipe: Recipe, device: torch.device) -> LabelClassifier | None:
    """What learns labels from the teacher's answers, if the recipe trusts them."""
    if recipe.distill is None or recipe.distill.trust is None:
        return None
    return LabelClassifier(len(recipe.data.labels), recipe.distill.trust).to(device)


def uses_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether to train in bfloat16: where the hardware multiplies it faster, unless the recipe says otherwise."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
