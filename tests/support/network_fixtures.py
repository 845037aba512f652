"""Checkpoints with random weights, and small networks that recipes can name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import small_nets
import torch

from irec_export.convert import convert, finish
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import Checkpoint, respecify, save_checkpoint
from irec_models.context.head import ContextHeadNet
from irec_models.context.into_file import with_head
from irec_models.nets import ARCHITECTURES, Network, TuttiMobileNet, build
from irec_models.recipes.recipe import load_recipe

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


@pytest.fixture(scope="package")
def windows_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported network of windows, untrained, as the recipe tutti-1s-windows makes one; it has no context head."""
    torch.manual_seed(2)
    labels = load_recipe("tutti-1s-windows").data.labels
    network = TuttiMobileNet(len(labels)).eval()
    network.fit_readings([torch.randn(4, network.window_length) * torch.rand(4, 1)])
    spec = respecify(spec_for(network, "tutti-1s-windows", 3200), labels=labels)
    card = "# A card\n\n## Decisions\n\nNone yet.\n\n## Recordings\n\nNone.\n"
    checkpoint = Checkpoint(network.architecture, network.hyperparameters, network.state_dict(), spec, card=card)
    path = tmp_path_factory.mktemp("windows") / "tutti-1s-windows.onnx"
    path.write_bytes(finish(convert(network), network, checkpoint, "fp32"))
    return path


@pytest.fixture(scope="package")
def context_file(windows_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a context head."""
    torch.manual_seed(3)
    size, labels = TuttiMobileNet(1).embedding_size, len(load_recipe("tutti-1s-windows").data.labels)
    head = ContextHeadNet(torch.zeros(size), torch.ones(size), labels, projection=4, hidden=8)
    torch.nn.init.normal_(head.output.weight)
    path = tmp_path_factory.mktemp("context") / "tutti-1s-windows.onnx"
    path.write_bytes(with_head(windows_file.read_bytes(), head.eval()))
    return path
