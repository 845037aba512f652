"""One against all: Table IV, and classifiers that do not know of each other."""

from __future__ import annotations

import copy

import onnx_twin
import pytest
import torch
from overfitting import assert_each_is_known, overfit
from torch import Tensor, nn

from irec_live.errors import CheckpointError
from irec_live.models.spec import Threshold
from irec_models.checkpoint import Checkpoint, spec_for
from irec_models.losses import masked_cross_entropy
from irec_models.nets import build
from irec_papers.chen.net import ChenMember, ChenNet
from irec_papers.chen.one_vs_all import join


def tones(count: int) -> Tensor:
    time = torch.arange(22_050) / 22_050
    return torch.stack([0.3 * torch.sin(2 * torch.pi * 220.0 * (k + 1) * time) for k in range(count)])


def weights(flattened: int) -> int:
    """Table IV, row by row; two values a channel of each normalisation."""
    convolutions = sum(9 * i * o + o for i, o in [(1, 32), (32, 64), (64, 128)])
    return convolutions + 2 * (32 + 64 + 128) + flattened * 128 + 128 + 128 + 1


def test_table_four_on_four_seconds_at_16_khz_has_31_million_weights_an_instrument() -> None:
    with torch.device("meta"):  # sizes without memory
        member = ChenMember(bins=1025, frames=126, grid=None)
    assert sum(p.numel() for p in member.parameters()) == weights(128 * 15 * 128) == 31_550_657


def test_the_layers_come_in_the_order_of_table_four() -> None:
    member = ChenMember(bins=128, frames=44, grid=None)
    names = [type(layer).__name__ for layer in (*member.convolutions, *member.hidden, member.output)]
    block = ["Conv2d", "ReLU", "BatchNorm2d", "MaxPool2d"]
    assert names == [*block * 3, "Flatten", "Linear", "ReLU", "Dropout", "Linear"]


def test_the_default_form_averages_the_last_maps_over_four_fields() -> None:
    network = ChenNet(13)
    assert network.features(tones(1)).shape == (1, 44, 128)
    assert network.parameter_count == 13 * weights(128 * 4) == 13 * 158_913
    assert network(tones(2)).shape == (2, 13)


def test_the_spectrogram_of_nsynth_has_126_frames_of_1025_bins() -> None:
    network = ChenNet(1, sample_rate=16_000, window_length=64_000, bins=1025, grid=(4, 1))
    assert network.features(torch.randn(1, 64_000)).shape == (1, 126, 1025)


def step(network: ChenNet, wanted: Tensor, columns: slice = slice(None)) -> None:
    optimizer = torch.optim.SGD(network.parameters(), 0.05)
    for _ in range(3):
        logits = network(tones(4))[:, columns]
        # A mean over labels is the sum of the labels' own means over their number.
        loss = masked_cross_entropy(logits, wanted[:, columns], torch.ones_like(logits)) * logits.shape[1]
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def test_training_together_is_training_each_alone() -> None:
    torch.manual_seed(0)
    together = ChenNet(2)
    for module in together.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # the second would draw other units alone
    alone = copy.deepcopy(together)
    wanted = torch.tensor([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    step(together, wanted)
    step(alone, wanted, slice(0, 1))
    torch.testing.assert_close(together.members[0].state_dict(), alone.members[0].state_dict())
    assert not torch.equal(together.members[1].output.weight, alone.members[1].output.weight)


def test_one_label_says_nothing_about_another_classifiers_weights() -> None:
    network = ChenNet(3)
    network(tones(4))[:, 1].sum().backward()  # type: ignore[no-untyped-call]
    touched = [any(bool(p.grad.any()) for p in member.parameters()) for member in network.members]
    assert touched == [False, True, False]


def test_one_batch_is_learnt_by_heart() -> None:
    torch.manual_seed(0)
    network = ChenNet(3)
    features = network.features(tones(3))
    overfit(network, features, torch.eye(3), steps=15, rate=2e-3)
    with torch.no_grad():
        assert_each_is_known(torch.sigmoid(network.classify(features)))


def test_normalisation_does_not_depend_on_what_was_heard_before() -> None:
    network = ChenNet(1)
    before = network.features(tones(1))
    network.fit_normalization([torch.randn(4, 22_050)])
    assert torch.equal(network.features(tones(1)), before)
    assert float(before.abs().max()) < 4
    assert float(network.features(0.1 * torch.randn(1, 22_050)).abs().max()) < 4


def checkpoint(name: str, labels: tuple[str, ...], seed: int, **options: object) -> Checkpoint:
    network = onnx_twin.shake(build("chen", labels=len(labels), **options), seed)
    thresholds = {labels[0]: Threshold(on=0.1 * (seed + 1), off=0.05)}
    spec = spec_for(network, name=name, labels=labels, hop_length=2205, thresholds=thresholds)
    return Checkpoint.of(network, spec, f"# {name}")


def test_a_new_instrument_leaves_the_others_as_they_were_bit_by_bit() -> None:
    old = checkpoint("old", ("flute", "piano"), seed=1)
    joined = join([old, checkpoint("new", ("harp",), seed=2)], name="three", title="With a harp")
    assert joined.spec.labels == ("flute", "piano", "harp")
    assert joined.spec.thresholds == {"flute": Threshold(on=0.2, off=0.05), "harp": Threshold(on=0.1 * 3, off=0.05)}
    network = joined.network()
    assert joined.spec.parameters == network.parameter_count == 3 * 158_913
    with torch.no_grad():
        said = network.predict(tones(3))
        assert torch.equal(said[:, :2], old.network().predict(tones(3)))
    for key, value in old.state_dict.items():
        assert torch.equal(joined.state_dict[key], value)
    assert joined.card == "# old\n\n# new"


def test_an_instrument_that_comes_again_is_replaced() -> None:
    old, better = checkpoint("old", ("flute", "piano"), seed=1), checkpoint("better", ("flute",), seed=2)
    joined = join([old, better], name="two", title="")
    assert joined.spec.labels == ("flute", "piano")
    assert torch.equal(joined.state_dict["members.0.output.weight"], better.state_dict["members.0.output.weight"])
    assert torch.equal(joined.state_dict["members.1.output.weight"], old.state_dict["members.1.output.weight"])
    assert joined.spec.thresholds["flute"].on == pytest.approx(0.3)


def test_classifiers_that_do_not_fit_together_are_refused() -> None:
    old = checkpoint("old", ("flute",), seed=1)
    with pytest.raises(CheckpointError, match="'odd' has bins 64, but 'old' has 128"):
        join([old, checkpoint("odd", ("harp",), seed=2, bins=64)], name="x", title="")
    han = Checkpoint("han", {"labels": 1}, {}, old.spec)
    with pytest.raises(CheckpointError, match="of architecture 'han'"):
        join([old, han], name="x", title="")
    with pytest.raises(ValueError, match="no checkpoints"):
        join([], name="x", title="")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"labels": 0}, "labels must be at least 1"),
        ({"labels": 2, "bins": 2000}, "8 to 1025 bins"),
        ({"labels": 2, "window_length": 1000}, "8 frames are needed"),
        ({"labels": 2, "grid": [40, 1]}, "does not fit the last maps"),
    ],
)
def test_impossible_networks_are_refused_in_words(options: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        build("chen", **options)


def test_the_classifiers_are_one_graph_and_the_same_in_onnx_runtime() -> None:
    network = onnx_twin.shake(build("chen", labels=2))
    twin = onnx_twin.compare(network)
    assert twin.features < 2e-4  # logarithms of values next to the floor
    assert twin.spread > 0.05
    assert twin.probabilities < 1e-4
