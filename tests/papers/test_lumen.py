"""The Lumen project's networks and their fusion: sizes from the tables, decisions from Table 7."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx_twin
import pytest
import torch
from overfitting import assert_each_is_known, overfit
from torch import Tensor, nn

from irec_live.errors import CheckpointError
from irec_models.checkpoint import Checkpoint, spec_for
from irec_models.nets import build
from irec_papers.lumen.chroma_net import LumenChromaNet
from irec_papers.lumen.fusion import fuse, grid_thresholds
from irec_papers.lumen.fusion_net import LumenFusion
from irec_papers.lumen.net import LumenNet

LABELS = ("flute", "piano", "drums")


def tones(count: int) -> Tensor:
    time = torch.arange(22_050) / 22_050
    return torch.stack([0.3 * torch.sin(2 * torch.pi * 220.0 * (k + 1) * time) for k in range(count)])


def maps(network: LumenNet | LumenChromaNet) -> list[tuple[int, ...]]:
    """Sizes after every convolution and pooling, as the tables' first column has them."""
    values = network.eval().features(tones(1)).transpose(1, 2).unsqueeze(1)
    seen = [tuple(values.shape[1:])]
    for layer in network.trunk.convolutions:
        values = layer(values)
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AdaptiveMaxPool2d):
            seen.append(tuple(values.shape[1:]))
    return seen


def test_table_five_has_these_maps_and_weights() -> None:
    network = LumenNet(11)
    assert maps(network) == [
        (1, 128, 100),
        (8, 128, 100),
        (16, 128, 100),
        (16, 42, 33),
        (24, 42, 33),
        (32, 42, 33),
        (32, 14, 11),
        (64, 14, 11),
        (128, 14, 11),
        (128, 4, 3),
        (256, 4, 3),
        (512, 4, 3),
        (512, 1, 1),
        (512, 1, 1),  # global pooling of one value
    ]
    rows = [(1, 8), (8, 16), (16, 24), (24, 32), (32, 64), (64, 128), (128, 256), (256, 512)]
    dense = 512 * 1024 + 1024 + 1024 * 11 + 11
    assert network.parameter_count == sum(9 * i * o + o for i, o in rows) + dense == 2_115_939
    assert LumenNet(11, front_end="modgd").parameter_count == 2_115_939


def test_table_six_has_these_maps_and_weights() -> None:
    network = LumenChromaNet(11)
    assert maps(network) == [
        (1, 36, 100),
        (24, 36, 100),
        (32, 36, 100),
        (32, 12, 33),
        (64, 12, 33),
        (128, 12, 33),
        (128, 4, 11),
        (256, 4, 11),  # the table's next row says 256 x 4 x 3, and then 512 x 4 x 11
        (512, 4, 11),
        (512, 1, 3),
        (512, 1, 1),
    ]
    rows = [(1, 24), (24, 32), (32, 64), (64, 128), (128, 256), (256, 512)]
    dense = 512 * 1024 + 1024 + 1024 * 11 + 11
    assert network.parameter_count == sum(9 * i * o + o for i, o in rows) + dense == 2_111_451


def test_the_fusion_is_its_members_and_nothing_more() -> None:
    assert LumenFusion(11).parameter_count == 2 * 2_115_939 + 2_111_451
    assert LumenFusion(11).thresholds.numel() == 33


@pytest.mark.parametrize(("architecture", "options"), [("lumen", {"front_end": "modgd"}), ("lumen-chroma", {})])
def test_one_batch_is_learnt_by_heart(architecture: str, options: dict[str, str]) -> None:
    torch.manual_seed(0)
    network = build(architecture, labels=3, batch_norm=True, **options)
    audio = tones(3) if architecture == "lumen" else tones(6)[[0, 2, 4]]  # an octave has no chroma of its own
    network.fit_normalization([audio])
    network.train()
    features = network.features(audio)
    overfit(network, features, torch.eye(3), steps=12, rate=1e-3)
    with torch.no_grad():
        assert_each_is_known(torch.sigmoid(network.classify(features)))


@pytest.mark.parametrize(
    ("architecture", "options"), [("lumen", {"front_end": "modgd", "gamma": 0.7}), ("lumen-chroma", {})]
)
def test_folding_the_normalisation_away_changes_nothing(architecture: str, options: dict[str, object]) -> None:
    network = onnx_twin.shake(build(architecture, labels=3, batch_norm=True, **options)).eval()
    network.fit_normalization([tones(3)])
    folded = network.folded()
    torch.testing.assert_close(folded(tones(2)), network(tones(2)), atol=1e-4, rtol=1e-4)
    assert folded.parameter_count == build(architecture, labels=3).parameter_count
    assert folded.hyperparameters == {**network.hyperparameters, "batch_norm": False}


@pytest.mark.parametrize("architecture", ["lumen", "lumen-chroma"])
def test_softmax_outputs_are_a_softmax(architecture: str) -> None:
    network = onnx_twin.shake(build(architecture, labels=4, output="softmax")).eval()
    with torch.no_grad():
        said = network.predict(tones(3))
    torch.testing.assert_close(said.sum(dim=1), torch.ones(3))
    assert float(said.max()) > 0.3


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_the_fused_activation_is_above_a_half_exactly_where_table_seven_says_yes(output: str) -> None:
    torch.manual_seed(0)
    fused = LumenFusion(8, output=output).eval()  # type: ignore[arg-type]
    onnx_twin.shake(fused)
    audio = torch.cat((tones(6), 0.2 * torch.randn(6, 22_050)))
    fused.fit_normalization([audio])
    with torch.no_grad():
        for network in fused.networks.values():
            network.trunk.output.weight *= 0.2  # or a softmax says 1 to one label and 0 to all others
        said = torch.stack([network.predict(audio) for network in fused.networks.values()])  # (3, B, K)
        thresholds = said[:, ::3].quantile(0.3, dim=1).clamp(0.01, 0.99)
        thresholds[0, 0], thresholds[1, 1] = 0.0, 1.0
        fused.thresholds.copy_(thresholds)
        yes = (said > thresholds[:, None]).all(dim=0)
        clear = (torch.logit(said) - torch.logit(thresholds)[:, None]).abs().amin(dim=0) > 1e-4
        fusion = fused.predict(audio)
    assert 0.05 < float(yes.float().mean()) < 0.9
    assert torch.equal((fusion > 0.5)[clear], yes[clear])
    assert float(clear.float().mean()) > 0.8
    assert not (fusion[:, 1] > 0.5).any()  # nothing is above a threshold of 1


def test_the_fused_activation_rises_with_every_member_and_falls_with_every_threshold() -> None:
    fused = LumenFusion(3, members=("mel", "chroma")).eval()
    onnx_twin.shake(fused)
    fused.fit_normalization([tones(3)])
    with torch.no_grad():
        before = fused.predict(tones(4))
        fused.thresholds += 0.2
        after = fused.predict(tones(4))
    assert bool((after < before).all())


def member(name: str, **options: object) -> Checkpoint:
    torch.manual_seed(len(name))
    architecture = "lumen-chroma" if name == "chroma" else "lumen"
    extra = {} if name == "chroma" else {"front_end": name}
    network = onnx_twin.shake(build(architecture, labels=3, **extra, **options))
    network.fit_normalization([tones(3)])
    return Checkpoint.of(network, spec_for(network, name=name, labels=LABELS, hop_length=2205), name)


THRESHOLDS: Mapping[str, Tensor] = {
    "mel": torch.tensor([0.2, 0.5, 0.8]),
    "modgd": torch.tensor([0.3, 0.3, 0.3]),
    "chroma": torch.tensor([0.1, 0.6, 0.4]),
}


def test_members_trained_apart_are_fused_with_their_normalisation_folded() -> None:
    members = {"mel": member("mel", batch_norm=True), "modgd": member("modgd", gamma=0.8), "chroma": member("chroma")}
    fused = fuse(members, THRESHOLDS, name="lumen", title="All three")
    network = fused.network()
    assert isinstance(network, LumenFusion)
    assert fused.spec.labels == LABELS
    assert fused.spec.parameters == network.parameter_count
    with torch.no_grad():
        alone = torch.stack([members[name].network().predict(tones(4)) for name in ("mel", "modgd", "chroma")])
        needed = torch.stack(list(THRESHOLDS.values()))[:, None]
        expected = torch.sigmoid((torch.logit(alone) - torch.logit(needed)).amin(dim=0))
        torch.testing.assert_close(network.predict(tones(4)), expected, atol=2e-4, rtol=1e-3)


def test_two_of_three_can_be_fused() -> None:
    members = {name: member(name) for name in ("modgd", "mel")}
    network = fuse(members, {name: THRESHOLDS[name] for name in members}, name="two", title="").network()
    assert network.hyperparameters["members"] == ["mel", "modgd"]
    assert network(tones(2)).shape == (2, 3)


def test_members_that_do_not_belong_together_are_refused() -> None:
    mel = member("mel")
    with pytest.raises(CheckpointError, match="cannot be the modgd member"):
        fuse({"modgd": mel}, {"modgd": THRESHOLDS["modgd"]}, name="x", title="")
    other = member("chroma", output="softmax")
    with pytest.raises(CheckpointError, match="another output"):
        fuse({"mel": mel, "chroma": other}, {k: THRESHOLDS[k] for k in ("mel", "chroma")}, name="x", title="")
    with pytest.raises(ValueError, match="must name the same"):
        fuse({"mel": mel}, THRESHOLDS, name="x", title="")


def test_grid_thresholds_have_the_highest_f1_of_all() -> None:
    rng = np.random.default_rng(0)
    targets = torch.from_numpy((rng.random((200, 3)) < 0.3).astype(np.int64))
    activations = torch.from_numpy(rng.random((200, 3)) * 0.6 + 0.4 * targets.numpy()).float()
    targets[::17] = -1  # not known: not scored
    found = grid_thresholds(activations, targets)
    for k in range(3):
        known = targets[:, k] >= 0
        truth = targets[known, k] == 1

        def f1(threshold: float, k: int = k, known: Tensor = known, truth: Tensor = truth) -> float:
            said = activations[known, k] > threshold
            return 2 * float((said & truth).sum()) / float(said.sum() + truth.sum())

        assert f1(float(found[k])) == max(f1(step / 100) for step in range(101))


def test_a_label_without_examples_gets_a_half() -> None:
    assert grid_thresholds(torch.rand(5, 1), torch.zeros(5, 1, dtype=torch.int64)).tolist() == [0.5]
    with pytest.raises(ValueError, match="not both"):
        grid_thresholds(torch.rand(5, 1), torch.zeros(5, 2, dtype=torch.int64))


@pytest.mark.parametrize(
    ("architecture", "options", "match"),
    [
        ("lumen", {"labels": 0}, "labels must be at least 1"),
        ("lumen", {"labels": 1, "output": "softmax"}, "softmax needs more than 1 label"),
        ("lumen", {"labels": 3, "output": "tanh"}, "unknown output 'tanh'"),
        ("lumen", {"labels": 3, "front_end": "cqt"}, "unknown front_end 'cqt'"),
        ("lumen-fusion", {"labels": 3, "members": ["mel", "mel"]}, "each once"),
        ("lumen-fusion", {"labels": 3, "members": ["cqt"]}, "members must be some of"),
    ],
)
def test_impossible_networks_are_refused_in_words(architecture: str, options: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        build(architecture, **options)


def test_the_fusion_is_one_graph_and_the_same_in_onnx_runtime() -> None:
    fused = LumenFusion(3, output="softmax")
    fused.fit_normalization([tones(3)])
    onnx_twin.shake(fused)
    fused.thresholds.copy_(torch.tensor([[0.2, 0.4, 0.6], [0.5, 0.5, 0.5], [0.1, 0.9, 0.3]]))
    twin = onnx_twin.compare(fused)
    assert twin.features < 1e-4  # of the largest group delay
    assert twin.probabilities < 1e-4
    assert twin.spread > 0.05
    assert not twin.operators & {"STFT", "DFT"}
