"""A network and what ONNX Runtime makes of it, side by side."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from irec_export.convert import OPSET, quiet
from irec_live.onnx_runtime import load_onnx_runtime
from irec_models.nets import Network


class _Both(nn.Module):
    """Features, where silent errors of front ends show, and what the app is given."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.features(audio)
        return features, self.network.probabilities(self.network.classify(features))


@dataclass(frozen=True)
class Twin:
    """How far the two are apart.

    Attributes
    ----------
    features : float
        Largest difference of features, relative to the largest feature.
    probabilities : float
        Largest difference of what the app is given.
    spread : float
        Largest minus smallest probability of one label; near zero, equal probabilities would prove nothing.
    operators : frozenset of str
    """

    features: float
    probabilities: float
    spread: float
    operators: frozenset[str]


def compare(network: Network, batch_sizes: tuple[int, ...] = (1, 3), traced: int = 2) -> Twin:
    """Export a network traced at one batch size and compare it at others, on a tone, noise, silence and a click."""
    network.eval()
    windows = _windows(network)
    with quiet():
        program = torch.onnx.export(
            _Both(network),
            (windows[:traced],),
            input_names=["audio"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    buffer = io.BytesIO()
    program.save(buffer)
    runtime = load_onnx_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = [values.numpy() for values in (network.features(windows), network.predict(windows))]
    apart = np.zeros(2)
    for size in batch_sizes:
        for start in range(0, len(windows) - size + 1, size):
            given = windows[start : start + size].numpy()
            for index, (found, whole) in enumerate(zip(session.run(None, {"audio": given}), expected, strict=True)):
                wanted = whole[start : start + size]
                assert found.shape == wanted.shape
                scale = max(float(np.abs(wanted).max()), 1.0) if index == 0 else 1.0
                # NaN on one side is as far apart as can be; `max` would pass over it.
                difference = np.nan_to_num(np.abs(found - wanted), nan=np.inf)
                apart[index] = max(apart[index], float(difference.max()) / scale)
    spread = float(np.ptp(expected[1], axis=0).max())
    return Twin(
        float(apart[0]), float(apart[1]), spread, frozenset(node.op_type for node in program.model_proto.graph.node)
    )


def _windows(network: Network) -> Tensor:
    time = torch.arange(network.window_length) / network.sample_rate
    noise = torch.from_numpy(np.random.default_rng(3).standard_normal(network.window_length).astype(np.float32))
    click = torch.zeros(network.window_length)
    click[network.window_length // 3] = 1.0
    return torch.stack((0.5 * torch.sin(2 * torch.pi * 441.0 * time), 0.2 * noise, torch.zeros_like(noise), click))


def shake(network: Network, seed: int = 0) -> Network:
    """Weights so large that inputs move the probabilities: a fresh network says 0.5 to everything.

    The spread of a rectifier's weights that keeps the scale of maps from layer to layer, and biases beside them.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim == 1 and name.endswith("weight"):
                continue  # gain of a normalisation
            spread = 1.4 / max(parameter[0].numel(), 1) ** 0.5 if parameter.ndim > 1 else 0.2
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
    return network
