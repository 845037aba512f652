"""Lanes: the most active first, but calm."""

from __future__ import annotations

import numpy as np
import pytest

from irec_live.gui.lane_order import LaneOrder

DARK_LABELS = np.zeros(4, np.bool_)


def run(order: LaneOrder, activation: np.ndarray, seconds: float, start_s: float, lit: np.ndarray = DARK_LABELS) -> int:
    """Thirty updates a second; how often the order changed."""
    changes, before = 0, order.order.tolist()
    for step in range(round(30 * seconds)):
        after = order.update(activation, lit, start_s + step / 30).tolist()
        changes += after != before
        before = after
    return changes


def test_the_most_active_lane_comes_first() -> None:
    order = LaneOrder(4)
    run(order, np.array([0.1, 0.2, 0.9, 0.5]), 6.0, 0.0)
    assert order.order.tolist()[:2] == [2, 3]


def test_a_detected_lane_stands_above_a_merely_likely_one() -> None:
    order = LaneOrder(4)
    run(order, np.array([0.6, 0.45, 0.0, 0.0]), 6.0, 0.0, np.array([False, True, False, False]))
    assert order.order.tolist()[0] == 1


def test_lanes_do_not_jump_when_activations_flicker() -> None:
    order = LaneOrder(4)
    rng = np.random.default_rng(5)
    run(order, np.array([0.8, 0.5, 0.2, 0.0]), 6.0, 0.0)
    before = order.order.tolist()
    for step in range(300):
        noisy = np.array([0.8, 0.5, 0.2, 0.0]) + rng.normal(0, 0.15, 4)
        order.update(noisy, DARK_LABELS, 6.0 + step / 30)
    assert order.order.tolist() == before


def test_lanes_change_places_at_most_every_two_seconds() -> None:
    order = LaneOrder(4, average_s=0.01)
    changes = 0
    for second in range(20):
        turn = np.zeros(4)
        turn[second % 4] = 1.0
        changes += run(order, turn, 1.0, float(second))
    assert 5 <= changes <= 11


def test_silence_leaves_the_order_alone() -> None:
    order = LaneOrder(4)
    run(order, np.array([0.1, 0.2, 0.9, 0.5]), 6.0, 0.0)
    before = order.order.tolist()
    assert run(order, np.zeros(4), 20.0, 6.0) == 0
    assert order.order.tolist() == before


def test_a_clock_that_stands_still_does_no_harm() -> None:
    order = LaneOrder(2)
    for _ in range(5):
        order.update(np.array([0.0, 1.0]), np.zeros(2, np.bool_), 3.0)
    assert sorted(order.order.tolist()) == [0, 1]


def test_other_lane_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 lanes"):
        LaneOrder(2).update(np.zeros(3), np.zeros(3, np.bool_), 0.0)
    with pytest.raises(ValueError, match="must not be negative"):
        LaneOrder(-1)
