"""Activations mean what they say after calibration, and labels can be left out."""

from __future__ import annotations

import pytest
import torch

from irec_models.metrics import UNKNOWN
from irec_models.nets import TuttiEnvelopeNet, TuttiNet
from irec_models.publishing.calibration import (
    calibrate,
    expected_calibration_error,
    fit_calibration,
    has_plain_output,
    keep_labels,
)
from irec_papers.neuroment.net import NeuromentNet


def test_overconfident_logits_are_brought_back_to_their_true_odds() -> None:
    generator = torch.Generator().manual_seed(0)
    odds = 2 * torch.randn(4000, 2, generator=generator) - 1
    targets = (torch.rand(4000, 2, generator=generator) < odds.sigmoid()).long()
    shown = odds * torch.tensor([4.0, 1.0]) + torch.tensor([1.5, 0.0])
    scale, offset = fit_calibration(shown, targets)
    torch.testing.assert_close(scale, torch.tensor([0.25, 1.0]), atol=0.06, rtol=0.1)
    torch.testing.assert_close(offset, torch.tensor([-0.375, 0.0]), atol=0.15, rtol=0)
    before = expected_calibration_error(shown.sigmoid(), targets)
    assert expected_calibration_error((shown * scale + offset).sigmoid(), targets) < 0.3 * before


def test_a_label_with_few_examples_stays_as_it_is() -> None:
    logits = torch.linspace(-4, 4, 100)[:, None].repeat(1, 2)
    targets = torch.zeros(100, 2, dtype=torch.int64)
    targets[95:, 0] = 1
    targets[:, 1] = UNKNOWN
    scale, offset = fit_calibration(logits, targets)
    assert scale.tolist() == [1.0, 1.0]
    assert offset.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", [TuttiNet, TuttiEnvelopeNet])
def test_calibration_and_choice_of_labels_live_in_the_weights(kind: type[TuttiNet] | type[TuttiEnvelopeNet]) -> None:
    network = kind(labels=4).eval()
    window = 0.1 * torch.randn(2, network.window_length)
    with torch.no_grad():
        before = network(window)
        fewer = keep_labels(network, [2, 0])
        torch.testing.assert_close(fewer(window), before[:, [2, 0]])
        assert fewer.labels == 2
        calibrate(fewer, torch.tensor([2.0, 1.0]), torch.tensor([0.5, 0.0]))
        torch.testing.assert_close(fewer(window)[:, 0], before[:, 2] * 2 + 0.5)
        torch.testing.assert_close(fewer(window)[:, 1], before[:, 0])


def test_a_network_whose_last_layer_mixes_labels_and_frames_is_left_alone() -> None:
    network = NeuromentNet(3)
    assert not has_plain_output(network)
    with pytest.raises(ValueError, match="row for each label"):
        calibrate(network, torch.ones(3), torch.zeros(3))
