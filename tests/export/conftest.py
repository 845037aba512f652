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
import small_nets
import torch
from network_fixtures import exporter_reads_its_operators_once, one_torch_thread, write_network
from torch import Tensor, nn

from irec_export.convert import convert
from irec_models.checkpoint import load_checkpoint
from irec_models.nets import ARCHITECTURES, Network, build

__all__ = ["exporter_reads_its_operators_once", "one_torch_thread"]

LABELS = ("flute", "piano", "violin")
HOPS = {"tiny": 800, "han": 2205, "neuroment": 8192}


class TinyNet(small_nets.SmallNet):
    """The same with a hidden layer, so that it has weights which are worth halving."""

    architecture = "tiny"

    def __init__(self, labels: int) -> None:
        super().__init__(labels)
        self.hidden = nn.Linear(8 * 16, 64)
        self.output = nn.Linear(64, labels)

    def classify(self, features: Tensor) -> Tensor:
        maps = torch.relu(self.convolution(features.unsqueeze(1))).amax(dim=2)
        logits: Tensor = self.output(torch.relu(self.hidden(maps.flatten(1))))
        return logits


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
    fields = {"name": f"random-{architecture}", "labels": LABELS, "hop_length": HOPS[architecture]}
    return write_network(folder / f"{architecture}.pt", network, "# Random\nNo use.", **fields)


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
