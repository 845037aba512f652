"""A tiny network that keeps a state over a stream, and its exported file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import network_fixtures
import numpy as np
import torch
from tiny_columns import LABELS, LENGTH, RATE, ProjectionNet
from torch import Tensor, nn

from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import spec_for
from irec_models.nets import stateful_network

STEP = 4


class TinyNet(ProjectionNet, stateful_network.StatefulNetwork):
    """Squared projections of frames, and their means from the start of the stream on."""

    architecture = "tiny-stream"
    column_offset, step_columns = 100, STEP

    def features_of(self, columns: Tensor, audio: Tensor) -> Tensor:
        return columns

    def classify(self, features: Tensor) -> Tensor:
        return self.advance(features)[0][:, -1]

    def advance(self, columns: Tensor, state: Sequence[Tensor] = ()) -> tuple[Tensor, tuple[Tensor, ...]]:
        steps = STEP * nn.functional.avg_pool1d(columns.transpose(1, 2), STEP, STEP).transpose(1, 2)
        sums, count = (
            torch.cumsum(steps, dim=1),
            torch.arange(1, steps.shape[1] + 1, dtype=torch.float32)[None, :, None],
        )
        if state:
            sums, count = sums + state[0], count + state[1]
        count = count.expand(steps.shape[0], -1, -1)
        logits: Tensor = self.output(torch.log(sums / count + 1e-3))
        return logits, (sums[:, -1:], count[:, -1:])


@cache
def network() -> TinyNet:
    torch.manual_seed(4)
    return TinyNet().eval()


def spec() -> ModelSpec:
    return spec_for(network(), name="tiny", labels=LABELS, hop_length=STEP * TinyNet.column_hop)


@cache
def exported() -> bytes:
    return network_fixtures.exported(network(), spec())


def sound(seconds: float) -> np.ndarray:
    noise = 0.3 * np.random.default_rng(0).standard_normal(round(RATE * seconds)) + 0.02
    return (noise * np.linspace(0.1, 1.0, noise.size)).astype(np.float32)


def directly(signal: np.ndarray) -> np.ndarray:
    """What the network says at the end of every window of a stream that it is given at once."""
    net = network()
    with torch.no_grad():
        columns = net.columns_of(net.frames_of(torch.from_numpy(signal)[None]))
        logits = net.advance(columns[:, : columns.shape[1] // STEP * STEP])[0][0]
        first = (LENGTH - net.column_offset - net.column_length) // net.column_hop // STEP
        return torch.sigmoid(logits[first:]).numpy()
