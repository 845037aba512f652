"""Weight averaging ("model soup"): the mean of networks fine-tuned from the same weights.

References
----------
M. Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing
inference time", ICML 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from irec_live.errors import CheckpointError
from irec_models.checkpoint import Checkpoint, load_checkpoint
from irec_models.measuring.predictors import model_file
from irec_models.training.start_weights import load_start, put_back


def read(paths: Sequence[Path]) -> list[Checkpoint]:
    """Checkpoints, exported files and installed models given by name, all built alike as far as they can be.

    An exported file has its normalisations folded into the weights. Beside checkpoints that have them still they are
    put back with the statistics of the last of those, which is how a training begins with such a file.

    Raises
    ------
    CheckpointError, ModelError
        One cannot be read.
    """
    files = [model_file(path) for path in paths]
    found = {path: load_checkpoint(path) for path in files if path.suffix.lower() != ".onnx"}
    like = next((found[path] for path in reversed(files) if path in found), None)
    for path in files:
        if path in found:
            continue
        start = load_start(path)
        if start.spec is None:
            raise CheckpointError(f"{path} tells nothing of itself")
        network, built = start.network, dict(start.network.hyperparameters)
        state = network.state_dict()
        if like is not None and (like.architecture, like.spec.labels) == (network.architecture, start.labels):
            built, state = dict(like.hyperparameters), put_back(like.network(), start)
        found[path] = Checkpoint(network.architecture, built, state, spec=start.spec)
    return [found[path] for path in files]


def average(checkpoints: Sequence[Checkpoint], shares: Sequence[float]) -> Checkpoint:
    """Weighted mean of the weights; everything else is the last one's, and its ``training`` says of how many it is.

    Running means of normalisations are averaged as well. What is no floating-point number is the last one's.

    Parameters
    ----------
    checkpoints : sequence of Checkpoint
        At least one; of one architecture, with the same hyperparameters and labels.
    shares : sequence of float
        As many, positive; they need not sum to 1.

    Raises
    ------
    CheckpointError
        If one does not fit the first.
    ValueError
        If there are none, or the shares do not fit.
    """
    if not checkpoints or len(shares) != len(checkpoints) or not all(0.0 < share < float("inf") for share in shares):
        raise ValueError(f"{len(checkpoints)} checkpoints need as many positive shares, not {list(shares)}")
    first, last = checkpoints[0], checkpoints[-1]
    built = first.network().hyperparameters  # an older checkpoint does not name those that came since
    for checkpoint in checkpoints:
        if (
            checkpoint.architecture != first.architecture
            or checkpoint.network().hyperparameters != built
            or checkpoint.spec.labels != first.spec.labels
            or checkpoint.state_dict.keys() != first.state_dict.keys()
        ):
            raise CheckpointError(
                f"'{checkpoint.spec.name}' is not built as '{first.spec.name}' ({_apart(checkpoint, first)}); only "
                "checkpoints of the same architecture, hyperparameters and labels can be averaged"
            )
    total = sum(shares)
    state = dict(last.state_dict)
    for key, value in last.state_dict.items():
        if value.is_floating_point():
            # In float64, so that the mean of equal weights is exactly those weights.
            parts = [checkpoint.state_dict[key].double() for checkpoint in checkpoints]
            mean = sum((share / total * part for share, part in zip(shares, parts, strict=True)), torch.zeros(()))
            state[key] = mean.to(value.dtype)
    training = {**last.training, "mean_of": len(checkpoints)}
    return Checkpoint(last.architecture, last.hyperparameters, state, spec=last.spec, card=last.card, training=training)


def _apart(one: Checkpoint, other: Checkpoint) -> str:
    """In what two checkpoints differ: versions of one network bear the same name."""
    if one.architecture != other.architecture:
        return f"{one.architecture} and {other.architecture}"
    if one.spec.labels != other.spec.labels:
        return "other labels"
    theirs, others = one.network().hyperparameters, other.network().hyperparameters
    names = [name for name in theirs if theirs[name] != others.get(name)]
    return ", ".join(f"{name} {theirs[name]} and {others.get(name)}" for name in names) or "other weights"
