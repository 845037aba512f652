"""Checkpoints: weights, model spec and training state in one file that is safe to load.

On disk a checkpoint is what ``torch.save`` makes of one dict of plain values and tensors::

    {"schema": "irec.checkpoint/1", "architecture": "han", "hyperparameters": {...}, "state_dict": {...},
     "spec": {...ModelSpec...}, "card": "Markdown", "training": {...}}

It is read with ``weights_only=True``, so an untrusted file can be refused but never runs code.
"""

from __future__ import annotations

import contextlib
import io
import math
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
from torch.utils._python_dispatch import TorchDispatchMode

from irec_live.errors import CheckpointError
from irec_live.files import make_folder, write_atomically
from irec_live.models.onnx_file import printable
from irec_live.models.provenance import Lineage, Source
from irec_live.models.spec import ModelSpec
from irec_models.inputs import check_checkpoint
from irec_models.nets import ARCHITECTURES, Network, build

SCHEMA: Final = "irec.checkpoint/1"
_PARTS: Final = {"architecture": str, "hyperparameters": dict, "state_dict": dict, "spec": dict, "card": str}
_WRAPPERS: Final = ("module.", "_orig_mod.")
"""Prefixes that DataParallel and torch.compile put before every name."""
_LONGEST_REASON: Final = 400
_MOST_ELEMENTS: Final = 2**26
"""Most elements of one tensor of a network, or twice as many as in the checkpoint's largest if that is more."""
_LENGTHS: Final = ("window_length", "sample_rate", "length", "vectors", "hidden", "silence")
_LONGEST: Final = 2**23
_LARGEST: Final = 2**14
"""A hyperparameter that counts samples or units, and any other."""


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


def joint_terms(specs: Sequence[ModelSpec]) -> dict[str, Any]:
    """Provenance of a model combined from others: every licence, all sources, the seed if they share one.

    Of their lineages only the ancestors are left: it has no recipe of its own. For `respecify`.
    """
    seeds = {spec.seed for spec in specs}
    sources: dict[str, Source] = {}
    for source in (source for spec in specs for source in spec.sources):
        # What one was trained on, all of it was; held out is only what no one was trained on.
        if source.name not in sources or sources[source.name].held_out:
            sources[source.name] = source
    ancestors = {ancestor.name: ancestor for spec in specs if spec.lineage for ancestor in spec.lineage.ancestors}
    references = dict.fromkeys(spec.reference for spec in specs if spec.reference)
    return {
        "licence": "; ".join(dict.fromkeys(spec.licence for spec in specs if spec.licence)),
        "training_data": "; ".join(dict.fromkeys(spec.training_data for spec in specs if spec.training_data)),
        "seed": seeds.pop() if len(seeds) == 1 else None,
        "sources": tuple(sources[name] for name in sorted(sources)),
        "lineage": Lineage(ancestors=tuple(ancestors.values())),
        "reference": "; ".join(references)[:300],
    }


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


def build_bounded(architecture: str, hyperparameters: Mapping[str, Any], *, most: int = 0) -> Network:
    """A freshly initialised network, unless it would be of an absurd size.

    Parameters
    ----------
    architecture : str
    hyperparameters : mapping of str to value
        The number of labels among them.
    most : int
        Elements of a tensor that may be made, if they are more than a network has that can be trained.

    Raises
    ------
    ValueError
        As `irec_models.nets.build`, and for such a size: before its memory is taken.
    """
    for name, value in hyperparameters.items():
        limit = _LONGEST if name in _LENGTHS else _LARGEST
        numbers = [number for number in _flat(value) if isinstance(number, int | float) and abs(number) > limit]
        if numbers:
            raise ValueError(f"hyperparameter '{printable(name)}' is {numbers[0]:g}; up to {limit} is possible")
    try:
        with _SizeLimit(max(most, _MOST_ELEMENTS)):
            return build(architecture, **hyperparameters)
    except MemoryError as error:
        raise ValueError("there is not enough memory for it") from error


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


def _flat(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


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


class _SizeLimit(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While it is on, no tensor of more elements is made: refused before its memory is taken."""

    def __init__(self, most: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._most = most

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if _asked(str(func), args) > self._most:
            raise ValueError(f"it asks for a tensor of more than {self._most} numbers")
        return func(*args, **(kwargs or {}))


def _asked(operator: str, args: Sequence[Any]) -> float:
    """Elements that an operator is about to make: as its sizes say, or as its operands' shapes do together."""
    most = 0.0
    shapes = []
    for arg in args:
        if isinstance(arg, Tensor):
            shapes.append(arg.shape)
        elif isinstance(arg, list | tuple) and all(isinstance(size, int) for size in arg):
            most = max(most, math.prod(arg))
        elif isinstance(arg, int | float) and operator.startswith(("aten.arange", "aten.linspace")):
            most = max(most, arg)
    if len(shapes) > 1:
        with contextlib.suppress(RuntimeError):  # operands of a product of matrices, which is no larger than they are
            most = max(most, math.prod(torch.broadcast_shapes(*shapes)))  # type: ignore[no-untyped-call]
    return most


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
