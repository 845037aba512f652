"""The published architectures: sizes from their tables, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from overfitting import overfit
from torch import nn

from irec_models.nets import Network, build
from irec_papers.han.net import HanConvNet
from irec_papers.neuroment.net import NeuromentNet, NeuromentTrunk


def tones(network: Network, count: int) -> torch.Tensor:
    time = torch.arange(network.window_length) / network.sample_rate
    return torch.stack([0.3 * torch.sin(2 * torch.pi * 220.0 * (k + 1) * time) for k in range(count)])


def test_han_has_the_weights_of_table_one() -> None:
    # 3 x 3 x inputs x filters + filters, row by row; 256 maxima into 1024, 1024 into the labels.
    rows = [(1, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256)]
    convolutions = sum(9 * inputs * filters + filters for inputs, filters in rows)
    for labels, total in ((11, 1_446_123), (13, 1_448_173)):
        assert convolutions + 256 * 1024 + 1024 + 1024 * labels + labels == total
        assert HanConvNet(labels).parameter_count == total


def test_han_maps_have_the_sizes_of_table_one() -> None:
    network = HanConvNet(11).eval()
    sizes = [
        (32, 45, 130),
        (32, 47, 132),
        (32, 15, 44),
        (64, 17, 46),
        (64, 19, 48),
        (64, 6, 16),
        (128, 8, 18),
        (128, 10, 20),
        (128, 3, 6),
        (256, 5, 8),
        (256, 7, 10),
        (256, 1, 1),
    ]
    features = network.features(tones(network, 1))
    assert features.shape == (1, 43, 128)
    seen = []
    maps = features.unsqueeze(1)
    for layer in network.convolutions:
        maps = layer(maps)
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AdaptiveMaxPool2d):
            seen.append(tuple(maps.shape[1:]))
    assert seen == sizes


def test_han_starts_from_glorot_uniform_weights_and_zero_biases() -> None:
    network = HanConvNet(11)
    convolution = network.convolutions[2]
    assert isinstance(convolution, nn.Conv2d)
    limit = (6 / (32 * 9 + 32 * 9)) ** 0.5
    assert 0.95 * limit < float(convolution.weight.detach().abs().max()) <= limit
    assert all(float(p.detach().abs().max()) == 0 for name, p in network.named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize("activation", ["lrelu033", "lrelu001", "relu", "prelu", "tanh"])
def test_han_has_every_activation_of_table_four(activation: str) -> None:
    network = build("han", labels=11, activation=activation).eval()
    assert network(tones(network, 1)).shape == (1, 11)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 3.0])
def test_han_takes_every_window_size_of_the_paper(seconds: float) -> None:
    network = build("han", labels=11, window_length=round(22050 * seconds)).eval()
    assert network(tones(network, 1)).shape == (1, 11)
    assert network.parameter_count == 1_446_123


def test_han_hears_no_difference_in_level() -> None:
    network = build("han", labels=5).eval()
    audio = tones(network, 2)
    torch.testing.assert_close(network(audio * 0.03), network(audio), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("bins", "millions", "exact"), [(128, 1.39, 1_390_832), (192, 1.92, 1_915_120), (1025, 8.73, 8_730_864)]
)
def test_neuroment_has_the_weights_the_paper_counts(bins: int, millions: float, exact: int) -> None:
    count = sum(p.numel() for p in NeuromentTrunk(bins, labels=8).parameters())
    assert count == exact
    assert round(count / 1e6, 2) == millions


def test_neuroment_keeps_every_frame_and_pools_in_frequency_only() -> None:
    network = NeuromentNet(13).eval()
    audio = tones(network, 2)
    assert network.features(audio).shape == (2, 16, 128)
    assert network.trunk.convolutions(network.features(audio).transpose(1, 2).unsqueeze(1)).shape == (2, 64, 8, 16)
    assert network(audio).shape == (2, 13, 16)
    assert build("neuroment", labels=8, front_end="stft")(audio).shape == (2, 8, 16)


def test_companded_targets_come_back_as_amplitudes() -> None:
    network = NeuromentNet(3)
    wanted = torch.tensor([0.0, 1e-3, 0.03, 0.5, 1.0]).repeat(1, 3, 4)[..., :16]
    scale = network.targets(wanted, torch.zeros(1, network.window_length))
    assert float(scale.min()) == 0
    assert float(scale.max()) == pytest.approx(1)
    logits = torch.logit(scale.double(), eps=1e-9).float()
    torch.testing.assert_close(network.probabilities(logits), wanted, atol=1e-5, rtol=1e-3)
    plain = NeuromentNet(3, companding=False)
    assert torch.equal(plain.targets(wanted, torch.zeros(1, plain.window_length)), wanted)


@pytest.mark.parametrize("architecture", ["han", "neuroment"])
def test_folding_the_normalisation_away_changes_nothing_but_the_number_of_weights(architecture: str) -> None:
    torch.manual_seed(0)
    network = build(architecture, labels=4, batch_norm=True)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.2)
            nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean = torch.randn_like(module.weight) * 0.1  # type: ignore[assignment]
            module.running_var = torch.rand_like(module.weight) + 0.5  # type: ignore[assignment]
    network.eval()
    folded = network.folded()
    audio = tones(network, 3)
    torch.testing.assert_close(folded(audio), network(audio), atol=1e-4, rtol=1e-4)
    assert folded.parameter_count == build(architecture, labels=4).parameter_count < network.parameter_count
    assert folded.hyperparameters["batch_norm"] is False
    assert not folded.training


@pytest.mark.parametrize("architecture", ["han", "neuroment"])
def test_one_batch_is_learnt_by_heart(architecture: str) -> None:
    torch.manual_seed(0)
    labels = 3
    network = build(architecture, labels=labels, batch_norm=True)
    audio = tones(network, labels)
    network.fit_normalization([audio])
    network.train()
    present = torch.eye(labels)
    even = 0.2 * present[:, :, None].expand(-1, -1, 16)
    wanted = present if network.kind == "activation" else network.targets(even, audio)
    features = network.features(audio)
    overfit(network, features, wanted, steps=25, rate=2e-3)
    with torch.no_grad():
        values = network.probabilities(network.classify(features))
    score = values if values.ndim == 2 else values.mean(dim=2)
    assert np.array_equal(score.argmax(dim=1).numpy(), np.arange(labels))
    assert float(score.diagonal().min()) > 3 * float((score - torch.diag(score.diagonal())).max())


def test_hyperparameters_make_the_same_network_again() -> None:
    for network in (build("han", labels=4, activation="prelu"), build("neuroment", labels=2, dropout=0.2)):
        again = build(network.architecture, **network.hyperparameters)
        again.load_state_dict(network.state_dict())


@pytest.mark.parametrize(
    ("architecture", "options", "match"),
    [
        ("hahn", {"labels": 3}, "unknown architecture 'hahn'; there are"),
        ("han", {"labels": 3, "colour": "red"}, "hyperparameter 'colour' does not exist: architecture 'han' has"),
        ("han", {"labels": 3, "batchnorm": True}, "did you mean 'batch_norm'"),
        (
            "han",
            {"labels": 3, "window_length": "long"},
            "hyperparameter 'window_length' cannot be 'long'; input",
        ),
        ("han", {}, "hyperparameter 'labels' is missing"),
        ("han", {"labels": 3, "activation": "gelu"}, "unknown activation 'gelu'"),
        ("han", {"labels": 0}, "labels must be at least 1"),
        ("han", {"labels": 3, "window_length": 100}, "window_length must be at least"),
        ("neuroment", {"labels": 3, "front_end": "cqtt"}, "unknown front_end 'cqtt'"),
        ("neuroment", {"labels": 0}, "labels must be at least 1"),
    ],
)
def test_impossible_networks_are_refused_in_words(architecture: str, options: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        build(architecture, **options)
