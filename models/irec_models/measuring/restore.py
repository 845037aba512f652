"""Restore a torch network from a model file: a checkpoint, or an exported file by the names of its weights.

Figures that look inside a network need it in torch, and so does training that goes on from it. An exported file tells
architecture and hyperparameters in its spec and carries every weight under the name that it had in torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from irec_live.models.onnx_file import inspect_model, printable, read_model_bytes
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import load_checkpoint
from irec_models.nets import ARCHITECTURES, Network, build

_PREFIX = "network."


def network_of(path: Path) -> Network | None:
    """The network of a checkpoint or an exported file, ready to predict; None where it cannot be restored.

    Files that were exported by version 0.1 do not contain their hyperparameters, so they cannot.

    Raises
    ------
    CheckpointError
        The checkpoint is broken.
    ModelError
        The exported file is unusable.
    """
    if path.suffix.lower() != ".onnx":
        return load_checkpoint(path).network()
    data, origin = read_model_bytes(path), printable(path.name)
    spec = ModelSpec.from_metadata(inspect_model(data, origin).metadata, origin)
    if spec.architecture not in ARCHITECTURES or not spec.hyperparameters:
        return None
    return _restored(spec, _weights(data))


def _weights(data: bytes) -> dict[str, Tensor]:
    """Trained values as float32 by their names in torch.

    Where exporting itself folded a normalisation into a convolution, it named the bias after the weight. A small weight
    that the network gave another shape it stored in that shape, nameless: it is the one beside its bias.
    """
    graph = onnx.load_from_string(data).graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    names = {
        name: name.removeprefix(_PREFIX).replace(".weight_bias", ".bias")
        for name in tensors
        if name.startswith(_PREFIX)
    }
    for node in graph.node:
        if len(node.input) == 3 and node.input[1] in tensors and names.get(node.input[2], "").endswith(".bias"):
            names.setdefault(node.input[1], names[node.input[2]].removesuffix("bias") + "weight")
    return {
        name: torch.from_numpy(numpy_helper.to_array(tensors[tensor]).astype("float32"))
        for tensor, name in names.items()
    }


def _restored(spec: ModelSpec, weights: Mapping[str, Tensor]) -> Network | None:
    """The network of a spec with these weights; None if they are not all there, or not of its shapes."""
    if spec.hyperparameters.get("labels") != len(spec.labels):
        return None
    try:
        network = build(spec.architecture, **spec.hyperparameters)
    except (ValueError, MemoryError):  # of another version of the architecture, or not ours
        return None
    state = network.state_dict()
    known = {name: _as_layer(weights[name], value) for name, value in state.items() if name in weights}
    # Counters of training steps are whole numbers; no answer depends on them.
    known |= {name: value for name, value in state.items() if name not in known and not value.is_floating_point()}
    # Equal tensors are written once, under one of their names: in practice, biases that are zero.
    for name, parameter in network.named_parameters():
        if name.endswith(".bias"):
            known.setdefault(name, torch.zeros_like(parameter))
    missing = set(state) - set(known)
    if network.window_length != spec.window_length or missing:
        return None
    if any(state[name].shape != value.shape for name, value in known.items()):
        return None
    network.load_state_dict(known)
    return network.eval()


def _as_layer(weight: Tensor, layer: Tensor) -> Tensor:
    """A layer's weight that was stored as that of a convolution of 1 x 1, in the layer's own shape."""
    same = weight.shape[: layer.ndim] == layer.shape and weight.numel() == layer.numel()
    return weight.reshape(layer.shape) if same else weight
