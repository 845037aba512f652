"""Training that goes on from trained weights: what is taken over, and that nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import onnx_twin
import pytest
import torch
from network_fixtures import write_network
from torch import nn

from irec_export.to_onnx import export
from irec_live.errors import CheckpointError, ModelError
from irec_models.checkpoint import Checkpoint, save_checkpoint
from irec_models.nets import build
from irec_models.training.averaging import average, read
from irec_models.training.start_weights import Start, load_start, take_over


def _windows(length: int, count: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [0.1 * torch.randn(8, length, generator=generator) for _ in range(count)]


@pytest.mark.parametrize(
    ("name", "normalised"), [("WINDOWS", {"folded": False}), ("han-1s", {"batch_norm": True}), ("chen-1s", {})]
)
def test_an_exported_model_goes_on_as_it_was_with_its_normalisations_back(
    name: str, normalised: dict[str, bool], windows_file: Path
) -> None:
    start = load_start(windows_file if name == "WINDOWS" else Path(name))
    network = build(start.network.architecture, **{**start.network.hyperparameters, **normalised})
    windows = _windows(network.window_length)
    assert take_over(network, start.labels, start, windows) > 0
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    torch.testing.assert_close(network.eval().predict(windows[0]), start.network.predict(windows[0]), atol=1e-5, rtol=0)
    if not normalised:  # they were exported, with statistics of other sounds than these
        return
    # In training they normalise by the batch: with the statistics of these windows nothing changes.
    network.train()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    both = torch.cat(windows)
    torch.testing.assert_close(network.predict(both), start.network.predict(both), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["tutti-1s", "neuroment-mel", "chen-1s", "vaznonis-fft"])
def test_labels_are_taken_over_by_their_names(name: str) -> None:
    start = load_start(Path(name))
    labels = ("kazoo", "voice", *start.labels[:3])
    network = build(start.network.architecture, **{**start.network.hyperparameters, "labels": len(labels)})
    windows = _windows(network.window_length)
    take_over(network, labels, start, windows)
    given = network.eval().predict(windows[0])
    wanted = start.network.predict(windows[0])[:, [start.labels.index(label) for label in labels[1:]]]
    torch.testing.assert_close(given[:, 1:], wanted, atol=1e-5, rtol=0)
    assert not torch.equal(given[:, 0], start.network.predict(windows[0])[:, 0])


@pytest.mark.parametrize("name", ["WINDOWS", "tutti-1s"])
def test_an_exported_network_is_averaged_with_a_training_that_began_with_it(
    name: str, tmp_path: Path, windows_file: Path
) -> None:
    given = windows_file if name == "WINDOWS" else Path(name)
    start = load_start(given)
    assert start.spec is not None
    built = {**start.network.hyperparameters, "folded": False}
    network = build(start.network.architecture, **built)
    windows = _windows(network.window_length)
    take_over(network, start.labels, start, windows)
    trained = Checkpoint(network.architecture, built, network.state_dict(), spec=start.spec)
    save_checkpoint(tmp_path / "trained.pt", trained)
    both = read([given, tmp_path / "trained.pt"])
    mean = average(both, [0.6, 0.4])
    wanted = start.network.predict(windows[0])
    for one in (both[0], mean):
        torch.testing.assert_close(one.network().predict(windows[0]), wanted, atol=1e-5, rtol=0)
    alone = average(read([given, given]), [1.0, 1.0])  # folded, as it was exported
    torch.testing.assert_close(alone.network().predict(windows[0]), wanted)


def test_layers_that_do_not_fit_stay_as_they_were() -> None:
    start = load_start(Path("tutti-1s"))
    network = build("tutti-envelope", labels=len(start.labels))
    take_over(network, start.labels, start, _windows(network.window_length))
    assert isinstance(network.output, nn.Conv1d)
    assert network.output.bias is not None
    assert torch.equal(network.output.bias, torch.full_like(network.output.bias, -3.0))
    modgd = build("lumen", labels=13, front_end="modgd")
    constants = modgd.standardizer.mean.fill_(5.0).clone()
    take_over(modgd, start.labels, load_start(Path("lumen-mel")), _windows(modgd.window_length))
    assert torch.equal(modgd.standardizer.mean, constants)


def test_a_normalised_network_is_folded_into_one_that_has_no_normalisations() -> None:
    torch.manual_seed(0)
    trained = build("han", labels=3, batch_norm=True)
    windows = _windows(trained.window_length)
    with torch.no_grad():
        trained.classify(trained.features(windows[0]))  # moves its running statistics
    trained.eval()
    network = build("han", labels=3)
    take_over(network, ("a", "b", "c"), Start("trained", ("a", "b", "c"), trained), windows)
    torch.testing.assert_close(network.eval().predict(windows[0]), trained.predict(windows[0]), atol=1e-5, rtol=0)


def test_another_architecture_takes_the_layers_of_the_same_name() -> None:
    envelopes = onnx_twin.shake(build("tutti-envelope", labels=2)).eval()
    start = Start("envelopes", ("flute", "drums"), envelopes.folded())
    network = build("tutti", labels=len(start.labels))
    constants = network.standardizer.mean.clone()
    windows = _windows(network.window_length)
    take_over(network, start.labels, start, windows)
    features = network.features(windows[0])
    for mine, theirs in zip(network.eval().trunk(features), start.network.trunk(features), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(network.standardizer.mean, constants)


def test_an_exported_file_tells_its_hyperparameters(tmp_path: Path) -> None:
    network = onnx_twin.shake(build("tutti-envelope", labels=2, width=0.25)).eval()
    write_network(tmp_path / "narrow.pt", network, hop_length=4096)
    export(tmp_path / "narrow.pt", tmp_path / "narrow.onnx", half_weights=False)
    start = load_start(tmp_path / "narrow.onnx")
    assert start.network.hyperparameters["width"] == 0.25
    (window, *_) = _windows(network.window_length)
    torch.testing.assert_close(start.network.predict(window), network.predict(window), atol=1e-4, rtol=0)


def test_what_cannot_be_started_from_is_told(tiny_activation_path: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model is called 'kazoo-1s'"):
        load_start(Path("kazoo-1s"))
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        load_start(tmp_path / "none.pt")
    with pytest.raises(CheckpointError, match="fit no network of this version"):
        load_start(tiny_activation_path)
