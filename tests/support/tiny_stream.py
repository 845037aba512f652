"""A tiny network that keeps a state over a stream, and its exported file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from irec_export.convert import convert, finish
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import Checkpoint
from irec_models.frontends.normalize import Standardizer
from irec_models.nets import stateful_network

RATE, LENGTH, STEP = 8000, 800, 4
LABELS = ("flute", "piano", "voice")


class TinyNet(stateful_network.StatefulNetwork):
    """Squared projections of frames, and their means from the start of the stream on."""

    architecture = "tiny-stream"
    kind = "activation"
    sample_rate, window_length, frames, frame_hop = RATE, LENGTH, 0, 0
    column_length, column_hop, column_offset, step_columns = 90, 40, 100, STEP
    front_end = "projections"

    def __init__(self, labels: int = 3) -> None:
        super().__init__()
        self.hyperparameters = {"labels": labels}
        self.labels = labels
        self.project = nn.Linear(90, 12)
        self.standardizer = Standardizer(12)
        self.output = nn.Linear(12, labels)

    def columns_of(self, frames: Tensor) -> Tensor:
        columns: Tensor = self.project(frames).square()
        return columns

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


def spec(**changes: object) -> ModelSpec:
    values = {"hop_length": STEP * TinyNet.column_hop, "window_length": LENGTH} | changes
    return ModelSpec(name="tiny", kind="activation", labels=LABELS, sample_rate=RATE, architecture="tiny", **values)


@cache
def exported() -> bytes:
    net = network()
    checkpoint = Checkpoint(net.architecture, net.hyperparameters, net.state_dict(), spec(), card="")
    return finish(convert(net), net, checkpoint, "fp32")


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
