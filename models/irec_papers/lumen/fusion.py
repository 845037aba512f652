"""Late fusion of the Lumen project's networks: a label is predicted where every network predicts it.

Shapes: C items, K labels, G thresholds that are tried.

References
----------
Lumen Data Science 2023 project documentation, Zagreb, 2023. Section 3.4: thresholds by grid search on F1 for each
network and instrument, Table 7 for the fusion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from irec_live.errors import CheckpointError
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import Checkpoint, respecify
from irec_models.metrics import UNKNOWN
from irec_models.publishing.provenance import joint_terms
from irec_papers.lumen.fusion_net import MEMBERS, LumenFusion

STEPS: Final = 100
"""Thresholds that are tried, 0 to 1 in steps of 0.01."""

_ARCHITECTURES = {"mel": "lumen", "modgd": "lumen", "chroma": "lumen-chroma"}


def grid_thresholds(activations: Tensor, targets: Tensor) -> Tensor:
    """The threshold per label, of 0, 0.01 ... 1, with the highest F1 of ``activation > threshold``.

    Where several are equally good, as between two well-parted groups, the one in their middle is taken: it has the
    widest margin. A label without positive examples gets 0.5.

    Parameters
    ----------
    activations : (C, K) float
        0..1.
    targets : (C, K) int
        1, 0, or `irec_models.metrics.UNKNOWN`.

    Returns
    -------
    (K,) float32

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> round(grid_thresholds(torch.tensor([[0.9], [0.4], [0.1]]), torch.tensor([[1], [1], [0]])).item(), 2)
    0.25
    """
    if activations.shape != targets.shape or activations.ndim != 2:
        raise ValueError(
            f"activations {tuple(activations.shape)} and targets {tuple(targets.shape)} are not both (C, K)"
        )
    grid = torch.arange(STEPS + 1, dtype=torch.float64) / STEPS
    known = targets != UNKNOWN
    positive = (targets == 1) & known
    found = torch.full((activations.shape[1],), 0.5)
    for k in range(activations.shape[1]):
        if not bool(positive[:, k].any()):
            continue
        said = activations[known[:, k], k].double()[None] > grid[:, None]  # (G, C)
        true = positive[known[:, k], k][None]
        hits = (said & true).sum(dim=1)
        f1 = 2 * hits / (said.sum(dim=1) + true.sum())
        best = torch.nonzero(f1 == f1.max()).ravel()
        found[k] = grid[best[(len(best) - 1) // 2]]
    return found


def fuse(members: Mapping[str, Checkpoint], thresholds: Mapping[str, Tensor], *, name: str, title: str) -> Checkpoint:
    """One checkpoint of `irec_papers.lumen.fusion_net.LumenFusion` from those of its members.

    Parameters
    ----------
    members : mapping of {"mel", "modgd", "chroma"} to Checkpoint
        One to three.
    thresholds : mapping of the same names to (K,) Tensor
        0..1, in the order of the labels; see `grid_thresholds`.
    name, title : str
        Of the fused model.

    Raises
    ------
    CheckpointError
        If a member is of another architecture or front end, or they differ in labels or output, or the name cannot be
        a model's.
    ValueError
        If a member is unknown, or thresholds are missing or do not fit the labels.
    """
    if not members or not set(members) <= set(MEMBERS) or set(members) != set(thresholds):
        raise ValueError(f"members and thresholds must name the same of {', '.join(MEMBERS)}")
    order = [member for member in MEMBERS if member in members]
    specs = {member: _check(member, members[member]) for member in order}
    first = specs[order[0]]
    options: dict[str, object] = {}
    for member in order:
        if specs[member].labels != first.labels:
            raise CheckpointError(f"'{specs[member].name}' has other labels than '{first.name}'; train them alike")
        chosen = {key: value for key, value in members[member].hyperparameters.items() if key != "front_end"}
        differing = [key for key, value in chosen.items() if options.setdefault(key, value) != value]
        if "output" in differing:
            raise CheckpointError(f"'{specs[member].name}' has another output than '{first.name}'; train them alike")
    options.pop("batch_norm", None)
    fused = LumenFusion(members=order, **options)  # type: ignore[arg-type]
    for row, member in enumerate(order):
        fused.networks[member].load_state_dict(members[member].network().folded().state_dict())
        fused.thresholds[row] = thresholds[member]
    spec = respecify(
        first,
        name=name,
        title=title,
        architecture=fused.architecture,
        front_end=fused.front_end,
        parameters=fused.parameter_count,
        thresholds={},  # 0.5 says what the members' own thresholds say
        scores={},
        **joint_terms([specs[member] for member in order]),
    )
    return Checkpoint.of(
        fused,
        spec,
        card="\n\n".join(members[member].card for member in order if members[member].card),
        training={"members": {member: specs[member].name for member in order}},
    )


def member_of(checkpoint: Checkpoint) -> str:
    """Which member of a fusion a checkpoint can be: mel, modgd or chroma.

    Raises
    ------
    CheckpointError
        None.
    """
    front_end = str(checkpoint.hyperparameters.get("front_end", "chroma"))
    if _ARCHITECTURES.get(front_end) != checkpoint.architecture:
        raise CheckpointError(
            f"'{checkpoint.spec.name}' cannot be fused: it is of architecture '{checkpoint.architecture}', not "
            f"{' or '.join(sorted(set(_ARCHITECTURES.values())))}"
        )
    return front_end


def _check(member: str, checkpoint: Checkpoint) -> ModelSpec:
    front_end = checkpoint.hyperparameters.get("front_end", "chroma")
    if checkpoint.architecture != _ARCHITECTURES[member] or front_end != member:
        raise CheckpointError(
            f"'{checkpoint.spec.name}' cannot be the {member} member of a fusion: it is of architecture "
            f"'{checkpoint.architecture}' on {checkpoint.spec.front_end or front_end}"
        )
    return checkpoint.spec
