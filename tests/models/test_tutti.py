"""The project's own networks: what they compute does not change on the way to the app."""

from __future__ import annotations

from typing import TypeVar

import pytest
import torch

from irec_models.nets import TuttiEnvelopeNet, TuttiNet
from irec_models.nets.tutti_trunk import TuttiTrunk, channels_of, fold

Tutti = TypeVar("Tutti", TuttiNet, TuttiEnvelopeNet)


def settled(network: Tutti) -> Tutti:
    """With running statistics of some noise, as after training."""
    torch.manual_seed(0)
    network.train()
    with torch.no_grad():
        for _ in range(5):
            network(torch.randn(4, network.window_length) * torch.rand(4, 1))
    return network.eval()


def test_folding_changes_no_logit_and_leaves_no_normalisation() -> None:
    network = settled(TuttiNet(labels=5))
    folded = network.folded()
    windows = torch.randn(3, network.window_length)
    torch.testing.assert_close(folded(windows), network(windows), atol=1e-5, rtol=1e-4)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded.modules())
    assert folded.parameter_count < network.parameter_count <= 5_000_000


def test_every_stage_halves_frames_and_bands() -> None:
    maps = TuttiTrunk()(torch.zeros(2, 43, 128))
    assert [tuple(part.shape[1:]) for part in maps] == [(24, 22, 64), (48, 11, 32), (96, 6, 16), (192, 3, 8)]


def test_a_trunk_of_another_width_has_as_many_times_the_channels() -> None:
    assert TuttiTrunk(width=0.5).channels == (12, 24, 48, 96)
    assert TuttiTrunk(width=0.3).channels == (7, 14, 28, 56)  # whole ones, in the ratio of the others
    narrow = settled(TuttiEnvelopeNet(labels=2, width=0.3))
    assert narrow.predict(torch.zeros(1, narrow.window_length)).shape == (1, 2, 16)
    with pytest.raises(ValueError, match="width must lie between"):
        TuttiNet(labels=2, width=0.01)
    for width in (float("nan"), float("inf"), 1e30, 5.0):
        with pytest.raises(ValueError, match=r"between 0\.04 and 4, which"):
            channels_of(width)


def test_level_and_offset_of_a_window_do_not_matter() -> None:
    network = settled(TuttiNet(labels=3))
    window = 0.1 * torch.randn(1, network.window_length)
    torch.testing.assert_close(network(window * 0.05 + 0.02), network(window), atol=1e-3, rtol=1e-3)


def test_the_embedding_decides() -> None:
    network = settled(TuttiNet(labels=3))
    features = network.features(torch.randn(2, network.window_length))
    embedding = network.embed(features)
    assert embedding.shape == (2, network.embedding_size)
    torch.testing.assert_close(network.decide(embedding), network.classify(features))


def test_folding_needs_running_statistics_only_of_what_is_folded() -> None:
    trunk = TuttiTrunk().eval()
    again = TuttiTrunk(folded=True).eval()
    again.load_state_dict(fold(trunk))
    features = torch.randn(1, 16, 128)
    for mine, theirs in zip(trunk(features), again(features), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", [TuttiNet, TuttiEnvelopeNet])
def test_no_labels_is_refused(kind: type[TuttiNet] | type[TuttiEnvelopeNet]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        kind(labels=0)


def test_envelopes_are_shares_of_the_measured_level() -> None:
    network = settled(TuttiEnvelopeNet(labels=4))
    window = 0.05 * torch.randn(2, network.window_length)
    envelope = network.predict(window)
    assert envelope.shape == (2, 4, 16)
    torch.testing.assert_close(network.predict(4 * window), 4 * envelope, atol=1e-6, rtol=1e-3)
    torch.testing.assert_close(network.folded().predict(window), envelope, atol=1e-5, rtol=1e-3)
    assert float(network.predict(torch.zeros(1, network.window_length)).detach().max()) == 0


def test_what_the_envelope_network_is_trained_on_gives_the_envelope_back() -> None:
    network = TuttiEnvelopeNet(labels=2)
    time = torch.arange(network.window_length) / network.sample_rate
    tone = 0.2 * torch.sin(2 * torch.pi * 440 * time)[None]
    rms = network.frame_rms(tone)
    torch.testing.assert_close(rms, torch.full_like(rms, 0.2 / 2**0.5), atol=2e-3, rtol=0)
    wanted = torch.cat((rms, 0.01 * rms), dim=1)
    logits = torch.logit(network.targets(wanted, tone).double(), eps=1e-9).float()
    torch.testing.assert_close(network.outputs(logits, tone), wanted, atol=1e-5, rtol=1e-3)
