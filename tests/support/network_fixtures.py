"""Checkpoints with random weights, and small networks that recipes can name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import small_nets
import torch

from irec_export.convert import convert, finish
from irec_live.models.spec import ModelSpec
from irec_models.checkpoint import Checkpoint, save_checkpoint, spec_for
from irec_models.context.head import ContextHeadNet
from irec_models.context.into_file import with_head
from irec_models.nets import ARCHITECTURES, Network, TuttiMobileNet, build
from irec_models.recipes.recipe import load_recipe

THREE_LABELS = ("flute", "piano", "drums")


def write_network(path: Path, network: Network, card: str = "", **fields: Any) -> Path:
    """Write a checkpoint, named as its file unless `fields` of its spec say otherwise."""
    fields = {"name": path.stem, "labels": THREE_LABELS[: network.labels], "hop_length": 1024} | fields
    save_checkpoint(path, Checkpoint.of(network, spec_for(network, **fields), card))
    return path


def exported(network: Network, spec: ModelSpec, card: str = "") -> bytes:
    """The file that a network is exported to, not yet compared with it."""
    return finish(convert(network), network, Checkpoint.of(network, spec, card), "fp32")


def write_random(folder: Path, architecture: str) -> Path:
    torch.manual_seed(1)
    network = build(architecture, labels=len(THREE_LABELS))
    return write_network(folder / f"{architecture}.pt", network, "# Card", name="random")


@pytest.fixture(scope="package", autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Small networks on a busy machine run faster without torch's thread pool."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package", autouse=True)
def exporter_reads_its_operators_once() -> Iterator[None]:
    """PyTorch's exporter makes the table of what it can convert anew for each network, in a fifth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        try:
            from torch.onnx._internal.exporter._registration import ONNXRegistry

            patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        except (ImportError, AttributeError):  # another PyTorch: it takes its time
            pass
        yield


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
    spec = spec_for(network, name="tutti-1s-windows", labels=labels, hop_length=3200)
    card = "# A card\n\n## Decisions\n\nNone yet.\n\n## Recordings\n\nNone.\n"
    path = tmp_path_factory.mktemp("windows") / "tutti-1s-windows.onnx"
    path.write_bytes(exported(network, spec, card))
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
