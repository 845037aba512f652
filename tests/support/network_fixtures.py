"""Checkpoints with random weights, and small networks that recipes can name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import small_nets
import torch

from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import Checkpoint, save_checkpoint
from irec_models.nets import ARCHITECTURES, Network, build

THREE_LABELS = ("flute", "piano", "drums")


def spec_for(network: Network, name: str = "random", hop_length: int = 1024) -> ModelSpec:
    return ModelSpec(
        name=name,
        kind=network.kind,
        labels=THREE_LABELS,
        sample_rate=network.sample_rate,
        window_length=network.window_length,
        hop_length=hop_length,
        frames=network.frames,
        frame_hop=network.frame_hop,
        architecture=network.architecture,
    )


def write_random(folder: Path, architecture: str) -> Path:
    torch.manual_seed(1)
    network = build(architecture, labels=len(THREE_LABELS))
    path = folder / f"{architecture}.pt"
    content = Checkpoint(architecture, network.hyperparameters, network.state_dict(), spec_for(network), card="# Card")
    save_checkpoint(path, content)
    return path


@pytest.fixture(scope="package", autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Small networks on a busy machine run faster without torch's thread pool."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package", autouse=True)
def small_architectures() -> None:
    """Recipes and checkpoints may name the small networks, from here to the end of the process."""
    ARCHITECTURES.update({net.architecture: net for net in small_nets.ALL})


@pytest.fixture(scope="package")
def small_checkpoint(small_architectures: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random(tmp_path_factory.mktemp("checkpoints"), "small")


@pytest.fixture(scope="package")
def small_envelope_checkpoint(small_architectures: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random(tmp_path_factory.mktemp("checkpoints"), "small-envelope")
