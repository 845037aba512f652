"""Scores against sums done by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from irec_models.losses import masked_cross_entropy
from irec_models.measuring.aggregation import aggregate
from irec_models.measuring.thresholds import GRID, as_tensor, best_single, choose_thresholds
from irec_models.metrics import UNKNOWN, average_precisions, multilabel_accuracy, score
from irec_models.training.schedule import one_cycle

LABELS = ("flute", "piano", "drums")
#                 flute piano drums
ACTIVATIONS = torch.tensor([[0.9, 0.1, 0.0], [0.8, 0.7, 0.2], [0.4, 0.6, 0.9], [0.2, 0.3, 0.1]])
TARGETS = torch.tensor([[1, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 0]])


def test_precision_recall_and_f1_are_the_counts_by_hand() -> None:
    scores = score(ACTIVATIONS, TARGETS, LABELS, 0.5)
    # flute: 1 hit, 1 false, 1 missed; piano: 2 hits; drums: 1 hit.
    assert scores.labels["flute"].precision == scores.labels["flute"].recall == scores.labels["flute"].f1 == 0.5
    assert scores.labels["piano"].f1 == scores.labels["drums"].f1 == 1.0
    assert scores.micro_precision == scores.micro_recall == pytest.approx(4 / 5)
    assert scores.macro_f1 == pytest.approx(2.5 / 3)
    assert [scores.labels[label].support for label in LABELS] == [2, 2, 1]


def test_average_precision_is_the_mean_precision_at_each_hit() -> None:
    # flute, strongest first: hit, miss, hit, miss -> (1/1 + 2/3) / 2.
    values = average_precisions(ACTIVATIONS, TARGETS)
    assert values.tolist() == pytest.approx([(1 + 2 / 3) / 2, 1.0, 1.0])


def test_overlap_of_label_sets_and_exact_matches_are_chens() -> None:
    predicted = (ACTIVATIONS >= 0.5).long()
    # sets: {f} vs {f}; {f,p} vs {p}; {p,d} vs {f,p,d}; {} vs {}.
    assert multilabel_accuracy(predicted, TARGETS) == pytest.approx((1 + 1 / 2 + 2 / 3 + 1) / 4)
    assert score(ACTIVATIONS, TARGETS, LABELS, 0.5).exact_match == 0.5


def test_labels_that_never_occur_count_in_no_mean_and_raise_no_warning() -> None:
    targets = TARGETS.clone()
    targets[:, 2] = 0
    scores = score(ACTIVATIONS, targets, LABELS, 0.5)
    assert scores.macro_f1 == pytest.approx((0.5 + 1.0) / 2)
    assert scores.macro_map == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2)
    assert score(ACTIVATIONS, targets * 0, LABELS, 0.5).macro_map == 0.0


def test_unknown_targets_count_nowhere() -> None:
    targets = TARGETS.clone()
    targets[1, 0] = UNKNOWN  # the one false alarm
    scores = score(ACTIVATIONS, targets, LABELS, 0.5)
    assert scores.labels["flute"].precision == 1.0
    assert scores.exact_match == 0.75
    assert average_precisions(ACTIVATIONS, targets)[0] == 1.0


def test_thresholds_may_differ_by_label_and_compare_with_other_levels() -> None:
    thresholds = torch.tensor([0.85, 0.5, 0.5])
    assert score(ACTIVATIONS, TARGETS, LABELS, thresholds).labels["flute"].precision == 1.0
    assert score(ACTIVATIONS, TARGETS, LABELS, 0.5, levels=TARGETS.float()).micro_f1 == 1.0


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit 2 labels"):
        score(ACTIVATIONS, TARGETS, LABELS[:2])
    with pytest.raises(ValueError, match="nothing to score"):
        score(ACTIVATIONS[:0], TARGETS[:0], LABELS)


def test_masked_labels_do_not_move_the_loss() -> None:
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]])
    targets = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    mask = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    by_hand = (np.log1p(np.exp(-2)) + np.log1p(np.exp(-1)) + np.log1p(np.exp(0.5))) / 3
    assert float(masked_cross_entropy(logits, targets, mask)) == pytest.approx(by_hand, rel=1e-6)
    frames = masked_cross_entropy(logits[..., None].expand(-1, -1, 4), targets[..., None].expand(-1, -1, 4), mask)
    assert float(frames) == pytest.approx(by_hand, rel=1e-6)
    assert float(masked_cross_entropy(logits, targets, mask * 0)) == 0.0


def test_aggregation_s2_always_holds_the_strongest_label_at_one() -> None:
    windows = np.array([[0.02, 0.01], [0.06, 0.01]], np.float32)
    assert aggregate(windows, "s2").tolist() == pytest.approx([1.0, 0.25])
    assert aggregate(windows * 0, "s2").tolist() == [0.0, 0.0]


def test_chosen_thresholds_lie_between_hits_and_misses_and_keep_the_precision_floor() -> None:
    rng = np.random.default_rng(0)
    truth = torch.from_numpy((rng.random((400, 2)) < 0.3).astype(np.int64))
    values = torch.from_numpy(rng.normal(np.where(truth.numpy() == 1, 0.7, 0.3), 0.1)).clamp(0, 1)
    chosen = choose_thresholds(values, truth, ("flute", "piano"))
    assert all(0.4 < threshold.on < 0.6 and threshold.off < threshold.on for threshold in chosen.values())
    noise = torch.from_numpy(rng.random((400, 2)))
    mixed = torch.stack((values[:, 0], noise[:, 1]), dim=1)
    careful = choose_thresholds(mixed, truth, ("flute", "piano"), precision_floor=0.9)
    assert careful["piano"].on > 0.9 * careful["flute"].on  # never that precise by itself: shares the pooled one
    assert choose_thresholds(noise, truth, ("flute", "piano"), precision_floor=1.01)["flute"].on == 0.5


def test_labels_with_few_examples_share_the_pooled_threshold() -> None:
    truth = torch.zeros(100, 2, dtype=torch.int64)
    truth[:50, 0] = 1
    truth[0, 1] = 1
    values = truth * 0.4 + 0.2
    values[0, 1], values[1, 1] = 0.8, 0.7  # piano's own threshold would lie between its one hit and its false alarm
    chosen = choose_thresholds(values, truth, ("flute", "piano"))
    assert chosen["flute"].on == chosen["piano"].on == pytest.approx(0.4)
    assert choose_thresholds(values, truth, ("flute", "piano"), support=1)["piano"].on == pytest.approx(0.75)
    halfway = choose_thresholds(values, truth, ("flute", "piano"), support=1, pooled_examples=1)
    assert halfway["piano"].on == pytest.approx(0.575)
    assert choose_thresholds(values, truth * 0, ("flute", "piano"))["flute"].on == 0.5
    assert as_tensor(chosen, ("piano", "flute")).tolist() == pytest.approx([0.4, 0.4])


def test_the_best_single_threshold_is_the_best_on_the_grid() -> None:
    best = best_single(ACTIVATIONS, TARGETS, LABELS)
    assert best.micro_f1 == max(score(ACTIVATIONS, TARGETS, LABELS, t).micro_f1 for t in GRID)


def test_one_cycle_rises_and_falls() -> None:
    rates = [one_cycle(step / 100, 1e-3, 1e-5, 0.1) for step in range(101)]
    assert max(rates) == pytest.approx(1e-3)
    assert rates.index(max(rates)) == 10
    assert rates[-1] == pytest.approx(1e-5)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
