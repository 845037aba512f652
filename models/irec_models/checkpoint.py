"""Checkpoints: a network, what it is for, and where training stands, in one safe file.

On disk a checkpoint is what ``torch.save`` makes of one dict of plain values and tensors::

    {"schema": "irec.checkpoint/1", "architecture": "han", "hyperparameters": {...}, "state_dict": {...},
     "spec": {...ModelSpec...}, "card": "Markdown", "training": {...}}

It is read with ``weights_only=True``, so a file from a stranger can be refused but never runs code.
"""

from __future__ import annotations

import io
import os
import pickle
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import ValidationError
from torch import Tensor

from irec_live.errors import CheckpointError, OutputError
from irec_live.files import write_whole
from irec_live.models.spec import ModelSpec
from irec_models.nets import ARCHITECTURES, Network, build

SCHEMA: Final = "irec.checkpoint/1"
_PARTS: Final = {"architecture": str, "hyperparameters": dict, "state_dict": dict, "spec": dict, "card": str}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One network with all that belongs to it.

    Attributes
    ----------
    architecture : str
        Name in `irec_models.nets.ARCHITECTURES`.
    hyperparameters : dict
        For `irec_models.nets.build`.
    state_dict : dict of str to Tensor
    spec : ModelSpec
        What the app must know; becomes the metadata of the exported file.
    card : str
        Model card, Markdown.
    training : dict
        Steps, scores, and in a run's ``last.pt`` the optimiser's state; plain values and tensors.
    """

    architecture: str
    hyperparameters: Mapping[str, Any]
    state_dict: Mapping[str, Tensor]
    spec: ModelSpec
    card: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)

    def network(self) -> Network:
        """The network with these weights, ready to judge.

        Raises
        ------
        CheckpointError
            If the architecture is unknown, or hyperparameters, weights or spec do not fit it.
        """
        if self.architecture not in ARCHITECTURES:
            raise CheckpointError(
                f"the checkpoint holds architecture '{self.architecture}', which this version does not have "
                f"(it has {', '.join(ARCHITECTURES.names())})"
            )
        try:
            network = build(self.architecture, **self.hyperparameters)
            network.load_state_dict(dict(self.state_dict))
        except (ValueError, RuntimeError, AttributeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(
                f"the checkpoint does not fit architecture '{self.architecture}': {reason}"
            ) from error
        expected = (network.kind, network.labels, network.sample_rate, network.window_length, network.frames)
        found = (
            self.spec.kind,
            len(self.spec.labels),
            self.spec.sample_rate,
            self.spec.window_length,
            self.spec.frames,
        )
        if expected != found:
            raise CheckpointError(
                f"the checkpoint's spec does not describe its network: kind, labels, rate, window, frames are {found} "
                f"in the spec and {expected} in the network"
            )
        return network.eval()


def save_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole or not at all.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    path = Path(path)
    content = {
        "schema": SCHEMA,
        "architecture": checkpoint.architecture,
        "hyperparameters": dict(checkpoint.hyperparameters),
        "state_dict": dict(checkpoint.state_dict),
        "spec": checkpoint.spec.model_dump(mode="json", by_alias=True),
        "card": checkpoint.card,
        "training": dict(checkpoint.training),
    }
    whole = io.BytesIO()  # written straight to a full disk, torch's archive ends in a message about its own insides
    torch.save(content, whole)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write the checkpoint {path}: {error.strerror or error}") from error
    write_whole(path, whole.getbuffer())


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint without running anything in it.

    Raises
    ------
    CheckpointError
        If the file is missing, broken, unsafe, or not a checkpoint of this project.
    """
    path = Path(path)
    content = _read(path)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise CheckpointError(f"{path} is not a checkpoint of this project (no schema '{SCHEMA}')")
    for name, kind in _PARTS.items():
        if not isinstance(content.get(name), kind):
            raise CheckpointError(f"{path} is not a whole checkpoint: '{name}' is missing or not a {kind.__name__}")
    if not all(isinstance(value, Tensor) for value in content["state_dict"].values()):
        raise CheckpointError(f"{path} holds something other than tensors among its weights")
    try:
        spec = ModelSpec.model_validate(content["spec"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "spec"
        raise CheckpointError(f"{path} has an unusable spec: {where}: {first['msg']}") from error
    training = content.get("training")
    return Checkpoint(
        architecture=content["architecture"],
        hyperparameters=content["hyperparameters"],
        state_dict=content["state_dict"],
        spec=spec,
        card=content["card"],
        training=training if isinstance(training, dict) else {},
    )


def respecify(spec: ModelSpec, **changes: Any) -> ModelSpec:
    """The spec with other values, checked as if it were read from a file.

    Raises
    ------
    CheckpointError
        If one is impossible, such as a name with spaces.

    Examples
    --------
    >>> spec = ModelSpec(
    ...     name="a", kind="activation", labels=("flute",), sample_rate=8000, window_length=8000, hop_length=800
    ... )
    >>> respecify(spec, name="b").name
    'b'
    """
    try:
        return ModelSpec.model_validate({**spec.model_dump(by_alias=True), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "spec"
        given = first.get("input")
        raise CheckpointError(f"a model cannot have {where} '{given}': {first['msg']}") from error


def joint_terms(specs: Sequence[ModelSpec]) -> dict[str, Any]:
    """What a model made of others says of its makers: every licence, all training data, the seed if they share one.

    For `respecify`.
    """
    seeds = {spec.seed for spec in specs}
    return {
        "licence": "; ".join(dict.fromkeys(spec.licence for spec in specs if spec.licence)),
        "training_data": "; ".join(dict.fromkeys(spec.training_data for spec in specs if spec.training_data)),
        "seed": seeds.pop() if len(seeds) == 1 else None,
    }


def _read(path: Path) -> object:
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    try:
        with warnings.catch_warnings():
            # About the pickle protocol of files that are refused right afterwards.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is refused: it holds more than tensors and plain values, or is not a checkpoint at all"
        ) from error
    # A damaged zip archive surfaces as almost any built-in error, depending on where the damage is.
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is broken or cut short; it cannot be read as a checkpoint") from error
