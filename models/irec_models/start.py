"""Training that begins with another network's weights: a checkpoint's, or those of an exported model.

An exported network has no batch normalisation: it was folded into the convolutions. Here it is put back, so that the
network computes what the exported one does and learns as one that was never folded: mean and deviation are measured
on training windows, then undone by the normalisation's own scale and offset.

Shapes: B batch, T samples in a window, K labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from irec_live.catalog import find_model
from irec_live.detector import Detector
from irec_live.errors import CheckpointError
from irec_models.checkpoint import load_checkpoint
from irec_models.frontends.normalize import Standardizer
from irec_models.nets import Network
from irec_models.restore import network_of


@dataclass(frozen=True, slots=True)
class Start:
    """A trained network to begin with.

    Attributes
    ----------
    name : str
        The model's.
    labels : tuple of str
    network : Network
    """

    name: str
    labels: tuple[str, ...]
    network: Network


def load_start(given: Path) -> Start:
    """Read a checkpoint, an exported file, or an installed model given by its name.

    Raises
    ------
    CheckpointError
        If the checkpoint is missing or broken, or no network of this version gives the exported file's answers.
    ModelError
        If no installed model has this name, or the exported file is unusable.
    """
    # A bare word is a model's name, as it is for the app; checkpoints have an ending or a folder.
    path = find_model(given.name) if given.name == str(given) and not given.suffix and not given.exists() else given
    if path.suffix.lower() != ".onnx":
        checkpoint = load_checkpoint(path)
        return Start(checkpoint.spec.name, checkpoint.spec.labels, checkpoint.network())
    spec = Detector(path).spec
    network = network_of(path)
    if network is None:
        raise CheckpointError(f"{path} cannot be trained on: its weights fit no network of this version; use its .pt")
    return Start(spec.name, spec.labels, network)


@torch.no_grad()
def take_over(network: Network, labels: Sequence[str], start: Start, audio: Iterable[Tensor]) -> int:
    """Copy into `network` what fits it of `start`.

    Layers are paired in order if both are of one architecture, else by name. What has one row for each label is
    copied label by label. The standardisation is taken over within one architecture only, since its constants
    belong to a front end.

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
        Layers of which something was taken.
    """
    same = network.architecture == start.network.architecture
    mine, theirs = _layers(network), _layers(start.network)
    if same and len(mine) == len(theirs):
        pairs = list(zip(mine.values(), theirs.values(), strict=True))
    else:
        pairs = [(layer, theirs[name]) for name, layer in mine.items() if name in theirs]
    put_back = []
    taken = 0
    for (layer, norm), (other, other_norm) in pairs:
        if isinstance(layer, Standardizer) and not same:
            continue
        whole = [_copy(layer, other, name, labels, start.labels) for name in _own(layer)]
        taken += any(whole)
        if norm is None or not all(whole):
            continue
        if other_norm is not None:
            norm.load_state_dict(other_norm.state_dict())
            continue
        norm.reset_running_stats()
        nn.init.constant_(norm.weight, (1.0 + norm.eps) ** 0.5)
        # Folding left the offset in the convolution's bias; back with the normalisation, unless there is a bias anyway.
        folded = _own(other).get("bias")
        nn.init.zeros_(norm.bias) if folded is None or "bias" in _own(layer) else norm.bias.copy_(folded)
        put_back.append(norm)
    if put_back:
        _measure(network, put_back, audio)
    return taken


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


def _copy(layer: nn.Module, other: nn.Module, name: str, labels: Sequence[str], known: Sequence[str]) -> bool:
    """Copy one tensor, or its rows of labels that both know; whether anything was."""
    mine, theirs = _own(layer)[name], _own(other).get(name)
    if theirs is None:
        return False
    by_label = tuple(labels) != tuple(known) and (len(mine), len(theirs)) == (len(labels), len(known))
    if by_label and mine.shape[1:] == theirs.shape[1:]:
        both = [label for label in labels if label in known]
        mine[[labels.index(label) for label in both]] = theirs[[known.index(label) for label in both]]
        return bool(both)
    if mine.shape != theirs.shape:
        return False
    mine.copy_(theirs)
    return True


def _measure(network: Network, norms: Sequence[nn.BatchNorm2d], audio: Iterable[Tensor]) -> None:
    """Give normalisations that do nothing yet the statistics of their input, and let them undo their effect."""
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def listen(norm: nn.BatchNorm2d, given: tuple[Tensor, ...]) -> None:
        maps = given[0].double()
        total = maps.sum(dim=(0, 2, 3))
        squares = maps.square().sum(dim=(0, 2, 3))
        sums[norm] += torch.stack((total, squares, torch.full_like(total, maps.numel() / maps.shape[1])))

    hooks = [norm.register_forward_pre_hook(listen) for norm in norms]
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
