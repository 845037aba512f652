"""Join binary classifiers into one model: how a new instrument is added and nothing else retrained.

References
----------
R. Chen, A. Ghobakhlou, A. Narayanan, "Musical instrument recognition in polyphonic audio through convolutional neural
network and spectrograms", section I.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from irec_live.errors import CheckpointError
from irec_live.models.spec import Threshold
from irec_models.checkpoint import Checkpoint, respecify
from irec_models.publishing.provenance import joint_terms
from irec_papers.chen.net import ChenNet

_PREFIX = "members."


def join(checkpoints: Sequence[Checkpoint], *, name: str, title: str) -> Checkpoint:
    """One checkpoint of `irec_papers.chen.net.ChenNet` with the classifiers of several.

    Labels keep the order in which they come. A label that comes again replaces the earlier classifier of that name, so
    an instrument can be retrained alone as well.

    Parameters
    ----------
    checkpoints : sequence of Checkpoint
        At least one.
    name, title : str
        Of the joined model; an empty title tells how many classifiers it has.

    Raises
    ------
    CheckpointError
        If one is of another architecture, or takes other windows or spectrograms than the first, or the name cannot
        be a model's.
    ValueError
        If there are none.
    """
    if not checkpoints:
        raise ValueError("there are no checkpoints to join")
    first = checkpoints[0]
    members: dict[str, dict[str, Tensor]] = {}
    thresholds: dict[str, Threshold] = {}
    for checkpoint in checkpoints:
        _check_like(checkpoint, first)
        for index, label in enumerate(checkpoint.spec.labels):
            members[label] = _member(checkpoint.state_dict, index)
            thresholds.pop(label, None)
        thresholds.update(checkpoint.spec.thresholds)
    network = ChenNet(**{**first.hyperparameters, "labels": len(members)})
    state = {
        f"{_PREFIX}{index}.{key}": value
        for index, weights in enumerate(members.values())
        for key, value in weights.items()
    }
    changes = {
        "name": name,
        "title": title or f"{len(members)} classifiers trained apart, {first.spec.window_s:.3g} s",
        "labels": tuple(members),
        "thresholds": thresholds,
        "parameters": network.parameter_count,
        "scores": {},
        **joint_terms([checkpoint.spec for checkpoint in checkpoints]),
    }
    joined = Checkpoint(
        architecture=network.architecture,
        hyperparameters=network.hyperparameters,
        state_dict=state,
        spec=respecify(first.spec, **changes),
        card="\n\n".join(checkpoint.card for checkpoint in checkpoints if checkpoint.card),
        training={"joined": [checkpoint.spec.name for checkpoint in checkpoints]},
    )
    joined.network()  # refuses what does not fit
    return joined


def _check_like(checkpoint: Checkpoint, first: Checkpoint) -> None:
    if checkpoint.architecture != ChenNet.architecture:
        raise CheckpointError(
            f"'{checkpoint.spec.name}' is of architecture '{checkpoint.architecture}'; only classifiers of "
            f"'{ChenNet.architecture}' can be joined"
        )
    for key, value in first.hyperparameters.items():
        if key != "labels" and checkpoint.hyperparameters.get(key) != value:
            raise CheckpointError(
                f"'{checkpoint.spec.name}' has {key} {checkpoint.hyperparameters.get(key)}, but '{first.spec.name}' "
                f"has {value}; train them alike"
            )


def _member(state: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    """Weights of one classifier, without its place in the name."""
    prefix = f"{_PREFIX}{index}."
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
