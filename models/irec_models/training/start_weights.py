"""Training that begins with another network's weights: a checkpoint's, or those of an exported model.

An exported network has no batch normalisation: it was folded into the convolutions. Here it is put back, so that the
network computes what the exported one does and learns as one that was never folded: mean and deviation are measured
on training windows, then undone by the normalisation's own scale and offset.

Shapes: B batch, T samples in a window, K labels.
"""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from irec_live.errors import CheckpointError
from irec_live.models.detector import Detector
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import load_checkpoint
from irec_models.frontends.normalize import Standardizer
from irec_models.measuring.predictors import model_file
from irec_models.measuring.restore import network_of
from irec_models.nets import Network, TuttiMobileNet, TuttiStreamEnvelopeNet, TuttiStreamNet
from irec_models.nets.tutti_stream import shorten
from irec_models.recipes.recipe import StartSection
from irec_models.training.lineage import start_of
from irec_models.training.run import recipe_beside

PUBLISHED = "mn04_as"
"""Name of the start that is EfficientAT's published file."""


@dataclass(frozen=True, slots=True)
class Start:
    """A trained network to begin with.

    Attributes
    ----------
    name : str
        The model's.
    labels : tuple of str
    network : Network
    spec : ModelSpec or None
        Whose sources and lineage tell what it was trained on; None if nothing is known of it.
    held_out : frozenset of str or None
        Sources that it was kept from, by the recipe beside it; None where there is none.
    """

    name: str
    labels: tuple[str, ...]
    network: Network
    spec: ModelSpec | None = None
    held_out: frozenset[str] | None = None

    def trained_on(self, sources: Iterable[str]) -> set[str]:
        """Those of these sources that it was trained on, as far as its spec or the recipe beside it tells."""
        told = self.spec.trained_on if self.spec else frozenset()
        return set(told & set(sources)) if told or self.held_out is None else set(sources) - self.held_out

    def told(self) -> dict[str, Any]:
        """What a training that begins with it keeps of it, as plain values for checkpoints."""
        return {"name": self.name} if self.spec is None else start_of(self.spec)


def load_start(given: Path) -> Start:
    """Read a checkpoint, an exported file, or an installed model given by its name.

    Raises
    ------
    CheckpointError
        If the checkpoint is missing or broken, or the exported file does not tell its hyperparameters or its weights.
    ModelError
        If no installed model has this name, or the exported file is unusable.
    """
    path = model_file(given)
    if path.suffix.lower() != ".onnx":
        published = published_start(path)
        if published:
            return published
        checkpoint = load_checkpoint(path)
        recipe = recipe_beside(path)
        held_out = None if recipe is None else frozenset(recipe.data.hold_out)
        return Start(checkpoint.spec.name, checkpoint.spec.labels, checkpoint.network(), checkpoint.spec, held_out)
    network, spec = network_of(path), Detector(path).spec
    if network is None:
        raise CheckpointError(
            f"{path} cannot be trained on: its hyperparameters and weights fit no network of this version; use its .pt"
        )
    return Start(spec.name, spec.labels, network, spec)


def published_start(path: Path) -> Start | None:
    """EfficientAT's ``mn04_as``, as published: a state dict of tensors alone. None for anything else.

    It has none of our labels and tells no sources: it was trained on AudioSet.
    """
    try:
        given = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError):
        return None  # `load_checkpoint` says what is wrong
    if not isinstance(given, dict) or not given or not all(isinstance(value, Tensor) for value in given.values()):
        return None
    network = TuttiMobileNet(labels=1)
    network.begin_with(given)
    return Start(PUBLISHED, (), network)


def check_published(path: Path, published: StartSection) -> None:
    """Check that a file is the one that a recipe means.

    Raises
    ------
    CheckpointError
        It has another SHA-256.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != published.sha256:
        raise CheckpointError(
            f"{path} is not the published {published.file} (its SHA-256 is {digest[:12]}..., expected "
            f"{published.sha256[:12]}...); fetch {published.address}"
        )


@torch.no_grad()
def take_over(network: Network, labels: Sequence[str], start: Start, audio: Iterable[Tensor]) -> int:
    """Copy into `network` the layers of `start` that fit it.

    Layers are paired by name or, where a network of one architecture was folded and numbers them otherwise, in
    order. A layer is taken whole or not at all; of the last one, and of classifiers that each have one label, what
    belongs to labels that both know. The standardisation is taken over with its front end only.

    Parameters
    ----------
    network : Network
        On the CPU.
    labels : sequence of str
        K, of `network`.
    start : Start
    audio : iterable of (B, T) float32
        Training windows; read only if a normalisation has to be put back.

    Returns
    -------
    int
        Layers that were taken over.
    """
    given = start.network
    # A network built folded has a bias where the start has a normalisation.
    if not any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        given = given.folded()
    if isinstance(network, TuttiStreamNet) and isinstance(given, TuttiMobileNet):
        given = copy.deepcopy(given)
        shorten(given.trunk)
    mine, theirs = _layers(network), _layers(given)
    same_front_end = (network.front_end, network.window_length) == (given.front_end, given.window_length) or (
        _on_trunk_of(network, given)
    )
    put_back = []
    taken = 0
    for name, found in _pairs(network, given, tuple(labels), start.labels).items():
        (layer, norm), (other, other_norm) = mine[name], theirs[found]
        if isinstance(layer, Standardizer) and not same_front_end:
            continue
        # Only the last layer has a row a label; all others mean the same whatever the labels are.
        by_label = name == next(reversed(mine)) and not network.member_a_label
        values = {}
        for key, value in _own(layer).items():
            fitted = _fitted(value, _own(other).get(key), by_label, labels, start.labels)
            if fitted is not None:
                values[key] = fitted
        if values.keys() != _own(layer).keys():
            continue
        for key, value in values.items():
            _own(layer)[key].copy_(value)
        taken += 1
        if norm is None:
            continue
        if other_norm is not None:
            norm.load_state_dict(other_norm.state_dict())
            continue
        # Scale and variance cancel each other, so the layer computes what the folded one does until it learns.
        norm.reset_running_stats()
        nn.init.constant_(norm.weight, (1.0 + norm.eps) ** 0.5)
        # Folding left the offset in the convolution's bias; back with the normalisation, unless there is a bias anyway.
        folded = _own(other).get("bias")
        nn.init.zeros_(norm.bias) if folded is None or "bias" in values else norm.bias.copy_(folded)
        put_back.append(norm)
    if put_back:
        _measure(network, put_back, audio)
    return taken


@torch.no_grad()
def put_back(network: Network, start: Start) -> dict[str, Tensor]:
    """State dict of a network that computes what the start does, with the normalisations that `network` has.

    Parameters
    ----------
    network : Network
        Of the start's architecture and labels; its own weights are overwritten.
    start : Start
        Exported, so without normalisations.
    """
    mine, theirs = _layers(network), _layers(start.network)
    for name, found in _pairs(network, start.network, start.labels, start.labels).items():
        (layer, norm), (other, _) = mine[name], theirs[found]
        for key, value in _own(layer).items():
            value.copy_(_own(other)[key])
        if norm is not None and norm.running_mean is not None and norm.running_var is not None:
            norm.weight.copy_(torch.sqrt(norm.running_var + norm.eps))
            norm.bias.copy_(norm.running_mean if "bias" in _own(layer) else norm.running_mean + _own(other)["bias"])
    return network.state_dict()


def _pairs(network: Network, start: Network, labels: tuple[str, ...], known: tuple[str, ...]) -> dict[str, str]:
    """Names of layers of `network`, and of the layers of `start` that stand in the same place."""
    mine, theirs = list(_layers(network)), list(_layers(start))
    if network.member_a_label and start.member_a_label:  # each member is the classifier of one label
        place = {str(number): str(known.index(label)) for number, label in enumerate(labels) if label in known}
        moved = {name: _member(name, place) for name in mine}
        return {name: other for name, other in moved.items() if other in theirs}
    if _on_trunk_of(network, start):
        return {f"stream.{name}": name for name in theirs if f"stream.{name}" in mine}
    if network.architecture == start.architecture and len(mine) == len(theirs):
        return dict(zip(mine, theirs, strict=True))
    return {name: name for name in mine if name in theirs}


def _on_trunk_of(network: Network, start: Network) -> bool:
    """Whether the one has the whole of the other in it, but for what tells the other's labels."""
    return isinstance(network, TuttiStreamEnvelopeNet) and isinstance(start, TuttiStreamNet)


def _member(name: str, place: Mapping[str, str]) -> str:
    """Name of a layer of a member, at the place where the start has the same label; empty if it does not know it."""
    head, _, rest = name.partition(".")
    if head != "members":
        return name
    number, _, layer = rest.partition(".")
    return f"{head}.{place[number]}.{layer}" if number in place else ""


def _layers(network: Network) -> dict[str, tuple[nn.Module, nn.BatchNorm2d | None]]:
    """Modules with values of their own, by name, each with the normalisation behind it."""
    found: dict[str, tuple[nn.Module, nn.BatchNorm2d | None]] = {}
    previous = ""
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            found[previous] = (found[previous][0], module)
        elif _own(module):
            found[name] = (module, None)
            previous = name
    return found


def _own(module: nn.Module) -> dict[str, Tensor]:
    """What was trained or measured in this module itself; fixed tables of front ends are no part of it."""
    measured = dict(module.named_buffers(recurse=False)) if isinstance(module, Standardizer) else {}
    return dict(module.named_parameters(recurse=False)) | measured


def _fitted(
    mine: Tensor, theirs: Tensor | None, by_label: bool, labels: Sequence[str], known: Sequence[str]
) -> Tensor | None:
    """What `mine` becomes: the other's values or, by label, its rows of labels that both know; None if neither fits."""
    if theirs is None or mine.shape[1:] != theirs.shape[1:]:
        return None
    if not by_label or tuple(labels) == tuple(known):
        return theirs if mine.shape == theirs.shape else None
    rows = len(mine) // len(labels)
    if (len(mine), len(theirs)) != (rows * len(labels), rows * len(known)):
        return None
    result = mine.clone().reshape(len(labels), rows, *mine.shape[1:])
    both = [label for label in labels if label in known]
    source = theirs.reshape(len(known), rows, *theirs.shape[1:])
    result[[labels.index(label) for label in both]] = source[[known.index(label) for label in both]]
    return result.reshape(mine.shape)


def _measure(network: Network, norms: Sequence[nn.BatchNorm2d], audio: Iterable[Tensor]) -> None:
    """Give normalisations that do nothing yet the statistics of their input, and let them undo their effect."""
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def add_up(norm: nn.BatchNorm2d, given: tuple[Tensor, ...]) -> None:
        maps = given[0].double()
        # In double: the variance is a difference of two large sums.
        total = maps.sum(dim=(0, 2, 3))
        squares = maps.square().sum(dim=(0, 2, 3))
        sums[norm] += torch.stack((total, squares, torch.full_like(total, maps.numel() / maps.shape[1])))

    hooks = [norm.register_forward_pre_hook(add_up) for norm in norms]
    training = network.training
    network.eval()
    for windows in audio:
        network(windows)
    network.train(training)
    for hook in hooks:
        hook.remove()
    for norm, (total, squares, count) in sums.items():
        mean = total / count
        variance = squares / count - mean.square()
        norm.load_state_dict({**norm.state_dict(), "running_mean": mean, "running_var": variance})
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(norm.bias + mean)
