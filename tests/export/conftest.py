"""Checkpoints with random weights, and their conversions, made once for the whole folder.

What the published networks convert to is shown with the networks themselves; the gates are shown with a tiny one, which
takes a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from irec_export.convert import convert
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from irec_models.frontends import LogMel
from irec_models.frontends.normalize import Standardizer
from irec_models.nets import ARCHITECTURES, Network, build

LABELS = ("flute", "piano", "violin")
HOPS = {"tiny": 800, "han": 2205, "neuroment": 8192}


class TinyNet(Network):
    """One convolution and one dense layer behind a small log-mel front end; half a second at 8 kHz."""

    architecture = "tiny"
    kind = "activation"
    sample_rate = 8000
    window_length = 4000
    frames = 0
    frame_hop = 0
    front_end = "log-mel 16 bands"

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.hyperparameters = {"labels": labels}
        self.labels = labels
        self.mel = LogMel(8000, 4000, 256, 128, frames=31, bands=16)
        self.standardizer = Standardizer(16)
        self.convolution = nn.Conv2d(1, 8, 3, padding=1)
        self.hidden = nn.Linear(8 * 16, 64)
        self.output = nn.Linear(64, labels)

    def raw_features(self, audio: Tensor) -> Tensor:
        mel: Tensor = self.mel(audio)
        return mel

    def classify(self, features: Tensor) -> Tensor:
        maps = torch.relu(self.convolution(features.unsqueeze(1))).amax(dim=2)
        logits: Tensor = self.output(torch.relu(self.hidden(maps.flatten(1))))
        return logits


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks on a busy machine run faster without torch's thread pool."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package", autouse=True)
def tiny_architecture() -> Iterator[None]:
    """For the time of these tests, checkpoints may be of the architecture ``tiny``."""
    ARCHITECTURES["tiny"] = TinyNet
    yield
    del ARCHITECTURES["tiny"]


@pytest.fixture(scope="package")
def save_random(tiny_architecture: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a checkpoint of an architecture, by name, with random weights."""
    return lambda architecture: _save_random(architecture, tmp_path_factory.mktemp("checkpoints"))


def _save_random(architecture: str, folder: Path) -> Path:
    """A checkpoint whose network answers neither 0 nor 1, nor the same to everything."""
    torch.manual_seed(11)
    network = build(architecture, labels=len(LABELS))
    spec = ModelSpec(
        name=f"random-{architecture}",
        kind=network.kind,
        labels=LABELS,
        sample_rate=network.sample_rate,
        window_length=network.window_length,
        hop_length=HOPS[architecture],
        frames=network.frames,
        frame_hop=network.frame_hop,
        architecture=architecture,
    )
    path = folder / f"{architecture}.pt"
    content = Checkpoint(architecture, network.hyperparameters, network.state_dict(), spec, card="# Random\nNo use.")
    save_checkpoint(path, content)
    return path


@pytest.fixture(scope="package")
def tiny_checkpoint(save_random: Callable[[str], Path]) -> Path:
    return save_random("tiny")


@pytest.fixture(scope="package")
def tiny_converted(tiny_checkpoint: Path) -> onnx.ModelProto:
    return convert(load_checkpoint(tiny_checkpoint).network())


@pytest.fixture
def fast_convert(tiny_converted: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch) -> None:
    """`export` takes the conversion that was made already."""

    def again(network: Network) -> onnx.ModelProto:
        copy = onnx.ModelProto()
        copy.CopyFrom(tiny_converted)
        return copy

    monkeypatch.setattr("irec_export.to_onnx.convert", again)


@pytest.fixture
def drifted(tiny_converted: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversion in which one trained weight came out 5 % too large."""

    def convert_badly(network: Network) -> onnx.ModelProto:
        model = onnx.ModelProto()
        model.CopyFrom(tiny_converted)
        (tensor,) = (t for t in model.graph.initializer if t.name.endswith("output.weight"))
        value = onnx.numpy_helper.to_array(tensor) * np.float32(1.05)
        tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
        return model

    monkeypatch.setattr("irec_export.to_onnx.convert", convert_badly)
