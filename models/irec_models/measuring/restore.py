"""The torch network inside a model file: at once from a checkpoint, from an exported file by its weights' names.

Figures that look inside a network need it in torch, and so does training that goes on from it. An exported graph
carries every weight under the name it had there, but not the hyperparameters; some are told by the weights' shapes,
the few that change none are tried, and the network is taken whose answers are the file's.

Shapes: T samples in a window.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from irec_live.models.detector import Detector
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import load_checkpoint
from irec_models.nets import ARCHITECTURES, Network

_PREFIX = "network."
_TOLERANCE = 1e-3
_MOST_TRIES = 200


def network_of(path: Path) -> Network | None:
    """The network of a checkpoint or an exported file, ready to judge; None where it cannot be restored.

    Raises
    ------
    CheckpointError
        The checkpoint is broken.
    """
    if path.suffix.lower() != ".onnx":
        return load_checkpoint(path).network()
    detector = Detector(path)
    spec = detector.spec
    if spec.architecture not in ARCHITECTURES:
        return None
    weights = _weights(path)
    sounds = _sounds(spec)
    wanted = np.concatenate([detector(sound[None]) for sound in sounds])
    closest, least = None, _TOLERANCE
    for network in _candidates(spec, weights):
        with torch.no_grad():
            given = network.predict(torch.from_numpy(sounds)).numpy()
        if given.shape == wanted.shape and (distance := float(np.abs(given - wanted).max())) < least:
            closest, least = network, distance
    return closest


def _sounds(spec: ModelSpec) -> npt.NDArray[np.float32]:
    """Windows (3, T) that networks have something to say about: noise, a decaying tone, clicks."""
    time = np.arange(spec.window_length) / spec.sample_rate
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, len(time))
    tone = sum(np.sin(2 * np.pi * 220 * n * time) / n for n in range(1, 12)) * 0.2 * np.exp(-2 * time)
    clicks = np.where(np.arange(len(time)) % (len(time) // 3) < 20, 0.5, 0.0)
    return np.stack([noise, tone, clicks]).astype(np.float32)


def _weights(path: Path) -> dict[str, Tensor]:
    """Trained values by their names in torch.

    Where exporting itself folded a normalisation into a convolution, it named the bias after the weight.
    """
    tensors = onnx.load(str(path), load_external_data=False).graph.initializer
    return {
        tensor.name.removeprefix(_PREFIX).replace(".weight_bias", ".bias"): torch.from_numpy(
            numpy_helper.to_array(tensor).astype(np.float32)
        )
        for tensor in tensors
        if tensor.name.startswith(_PREFIX)
    }


def _candidates(spec: ModelSpec, weights: Mapping[str, Tensor]) -> Iterator[Network]:
    """Networks of the architecture whose parameters are all among `weights`, with these weights."""
    kind = ARCHITECTURES[spec.architecture]
    told = kind.told_by(weights)
    for options in itertools.islice(_options(kind, spec), _MOST_TRIES):
        try:
            network = kind(**(options | told))
        except (ValueError, TypeError):
            continue
        known = {name: weights[name] for name in network.state_dict() if name in weights}
        # Equal tensors are written once, under one of their names: in practice, biases that are zero.
        for name, parameter in network.named_parameters():
            if name.endswith(".bias"):
                known.setdefault(name, torch.zeros_like(parameter))
        missing = {name for name, _ in network.named_parameters()} - set(known)
        if (network.labels, network.window_length) != (len(spec.labels), spec.window_length) or missing:
            continue
        if any(network.state_dict()[name].shape != value.shape for name, value in known.items()):
            continue
        network.load_state_dict(known, strict=False)
        yield network.eval()


def _options(kind: type[Network], spec: ModelSpec) -> Iterator[dict[str, Any]]:
    """Hyperparameters: those that the spec tells, and each choice of those that can only be this or that."""
    hints = get_type_hints(kind.__init__)
    told = {"labels": len(spec.labels), "window_length": spec.window_length, "sample_rate": spec.sample_rate}
    fixed: dict[str, Any] = {}
    open_choices: dict[str, tuple[Any, ...]] = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if name in told:
            fixed[name] = told[name]
        elif get_origin(hints.get(name)) is Literal:
            open_choices[name] = _first(parameter.default, get_args(hints[name]))
        elif hints.get(name) is bool and name != "batch_norm":  # an exported network is folded
            open_choices[name] = _first(parameter.default, (False, True))
    for values in itertools.product(*open_choices.values()):
        yield fixed | dict(zip(open_choices, values, strict=True))


def _first(default: Any, choices: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(choices, key=lambda choice: choice != default))
