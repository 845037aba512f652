"""Checkpoints: weights, model spec and training state in one file that is safe to load.

On disk a checkpoint is what ``torch.save`` makes of one dict of plain values and tensors::

    {"schema": "irec.checkpoint/1", "architecture": "han", "hyperparameters": {...}, "state_dict": {...},
     "spec": {...ModelSpec...}, "card": "Markdown", "training": {...}}

It is read with ``weights_only=True``, so an untrusted file can be refused but never runs code.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import ValidationError
from torch import Tensor

from irec_live.errors import CheckpointError
from irec_live.files import make_folder, write_atomically
from irec_live.models.onnx_file import printable
from irec_live.models.spec import ModelSpec
from irec_models.inputs import check_checkpoint
from irec_models.nets import ARCHITECTURES, Network
from irec_models.nets.bounded import build_bounded

SCHEMA: Final = "irec.checkpoint/1"
_PARTS: Final = {"architecture": str, "hyperparameters": dict, "state_dict": dict, "spec": dict, "card": str}
_WRAPPERS: Final = ("module.", "_orig_mod.")
"""Prefixes that DataParallel and torch.compile put before every name."""
_LONGEST_REASON: Final = 400


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

    @classmethod
    def of(
        cls, network: Network, spec: ModelSpec, card: str = "", training: Mapping[str, Any] | None = None
    ) -> Checkpoint:
        """A network as it is now; its weights are not copied."""
        return cls(
            network.architecture, network.hyperparameters, network.state_dict(), spec, card, dict(training or {})
        )

    def network(self) -> Network:
        """The network with these weights, in evaluation mode.

        Raises
        ------
        CheckpointError
            If the architecture is unknown, or hyperparameters, weights or spec do not fit it.
        """
        if self.architecture not in ARCHITECTURES:
            raise CheckpointError(
                f"the checkpoint holds architecture '{printable(self.architecture)}', which this version does not have "
                f"(it has {', '.join(ARCHITECTURES.names())})"
            )
        _check_labels(self.hyperparameters, len(self.spec.labels))
        try:
            # A stranger's hyperparameters may ask for terabytes: no layer may be far beyond the weights that are there.
            network = build_bounded(
                self.architecture,
                self.hyperparameters,
                most=2 * max((value.numel() for value in self.state_dict.values()), default=0),
            )
            difference = _difference(network.state_dict(), self.state_dict)
            if not difference:
                network.load_state_dict(dict(self.state_dict))
        except (ValueError, RuntimeError, AttributeError) as error:
            difference = " ".join(str(error).split()) or type(error).__name__
            if len(difference) > _LONGEST_REASON:
                difference = difference[: _LONGEST_REASON - 3] + "..."
            raise CheckpointError(
                f"the checkpoint does not fit architecture '{self.architecture}': {difference}"
            ) from error
        if difference:
            raise CheckpointError(f"the checkpoint does not fit architecture '{self.architecture}': {difference}")
        # The app believes the spec; one that is of another network would fail in the app, or lie.
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


def spec_for(network: Network, **fields: Any) -> ModelSpec:
    """The spec of a network: what it tells of itself, and other fields of `ModelSpec`, at least name and hop_length.

    Raises
    ------
    pydantic.ValidationError
        One is missing or impossible.
    """
    own = ("kind", "sample_rate", "window_length", "frames", "frame_hop", "architecture", "front_end")
    told = {name: getattr(network, name) for name in own}
    return ModelSpec.model_validate({**told, "parameters": network.parameter_count, **fields})


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
    make_folder(path.parent)
    write_atomically(path, whole.getbuffer())


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
    for name in ("hyperparameters", "state_dict", "spec"):
        for key in content[name]:
            if not isinstance(key, str):
                raise CheckpointError(f"{path} has the key {str(key)[:40]} in '{name}', which is not a text")
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
        state_dict=_unwrapped(content["state_dict"]),
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


def _unwrapped(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by the network's own names, whatever it was wrapped in when they were saved.

    Examples
    --------
    >>> list(_unwrapped({"module._orig_mod.output.bias": torch.zeros(1)}))
    ['output.bias']
    """
    weights = dict(state_dict)
    while weights:
        prefix = next((p for p in _WRAPPERS if all(name.startswith(p) for name in weights)), None)
        if prefix is None:
            break
        weights = {name.removeprefix(prefix): value for name, value in weights.items()}
    return weights


def _check_labels(hyperparameters: Mapping[str, Any], labels: int) -> None:
    """Check that the number of labels equals the number of names, before the network is built.

    Raises
    ------
    CheckpointError
        It is not.
    """
    given = hyperparameters.get("labels", labels)
    if not isinstance(given, int) or given != labels:  # a tensor would compare element by element
        raise CheckpointError(
            f"the checkpoint's spec does not describe its network: it names {labels} labels, and the network is said "
            f"to have {printable(str(given)[:40])}"
        )


def _difference(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """Difference between given weights and those of a network, in words; empty if they fit."""
    parts = []
    lacking = [name for name in own if name not in given]
    unknown = [name for name in given if name not in own]
    if lacking:
        parts.append(f"it lacks {_some(lacking)}")
    if unknown:
        parts.append(f"it holds {_some(unknown)}, which the network does not have")
    reshaped = [
        f"{name} of shape {tuple(given[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in given and given[name].shape != own[name].shape
    ]
    if reshaped:
        parts.append(f"it holds {_some(reshaped)}")
    return "; ".join(parts)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _read(path: Path) -> object:
    check_checkpoint(path)
    try:
        _check_archive(path)
        with warnings.catch_warnings():
            # About the pickle protocol of files that are refused right afterwards.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = (
            f"{named[1]}, which is code" if named else "more than tensors and plain values, or is no checkpoint at all"
        )
        raise CheckpointError(f"{path} is refused: it holds {what}") from error
    # A damaged zip archive surfaces as almost any built-in error, depending on where the damage is.
    except (
        *(OSError, RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError),
        *(MemoryError, zipfile.BadZipFile, NotImplementedError),
    ) as error:
        raise CheckpointError(f"{path} is broken or cut short; it cannot be read as a checkpoint") from error


def _check_archive(path: Path) -> None:
    """Check that nothing in the archive is compressed: torch never does, and a zip bomb could fill the memory."""
    if not zipfile.is_zipfile(path):
        return  # older formats hold bytes as they are
    with zipfile.ZipFile(path) as archive:
        size = path.stat().st_size
        for entry in archive.infolist():
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size:
                part = printable(entry.filename)
                raise CheckpointError(f"{path} is refused: its part {part} is compressed, which torch never does")
