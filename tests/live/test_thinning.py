"""Windows between two that agree are interpolated; all others are judged, however the stream is cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from cuts import CUTS, cut, noise
from fake_models import RATE, FakeActivation, FakeEnvelope

from irec_live.streaming.pipeline import Pipeline
from irec_live.streaming.thinning import GROUP, STEP, TOLERANCE, judge_where_it_changes


class Curve:
    """Answers that are known, and what was asked."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values = np.array(values, np.float32)[:, None]
        self.asked: list[int] = []

    def __call__(self, indices: Sequence[int]) -> np.ndarray:
        self.asked += indices
        return self.values[list(indices)]


def thinned(curve: Curve, silent: np.ndarray | None = None) -> np.ndarray:
    nothing = np.zeros(len(curve.values), np.bool_)
    answers, judged = judge_where_it_changes(nothing if silent is None else silent, curve, 1)
    assert judged == len(curve.asked) == len(set(curve.asked)), "no window is judged twice"
    return answers[:, 0]


def test_where_nothing_changes_one_window_in_four_is_judged() -> None:
    curve = Curve([0.7] * GROUP)
    np.testing.assert_allclose(thinned(curve), 0.7)
    assert sorted(curve.asked) == list(range(0, GROUP, STEP))


def test_where_it_changes_every_window_on_the_way_is_judged() -> None:
    curve = Curve([0.1] * 14 + [0.9] * (GROUP - 14))
    answers = thinned(curve)
    assert {13, 14} <= set(curve.asked)
    np.testing.assert_allclose(answers, curve.values[:, 0], atol=1e-6)
    assert len(curve.asked) < 0.5 * GROUP


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9, 32, GROUP])
def test_rising_answers_are_never_farther_off_than_the_tolerance(count: int) -> None:
    values = np.sort(np.random.default_rng(count).uniform(0.0, 1.0, count))
    np.testing.assert_allclose(thinned(Curve(values)), values, atol=TOLERANCE)


def test_silent_windows_are_known() -> None:
    silent = np.zeros(GROUP, np.bool_)
    silent[10:] = True
    curve = Curve(np.where(silent, 0.0, 0.8))
    np.testing.assert_allclose(thinned(curve, silent), curve.values[:, 0])
    assert max(curve.asked) == 9
    assert not Curve(thinned(Curve([0.0] * GROUP), np.ones(GROUP, np.bool_))).asked


@pytest.mark.parametrize("how", CUTS)
def test_what_is_left_out_does_not_depend_on_block_size(how: int | str) -> None:
    signal = noise(2 * RATE, amplitude=0.4) * np.abs(np.sin(np.arange(2 * RATE) / RATE * 3.0)).astype(np.float32)
    found = []
    for given in ("all", how):
        pipeline = Pipeline(RATE, [FakeActivation(), FakeEnvelope()], batch=4, every_window=False, spectrogram=False)
        for block in cut(signal, given):
            pipeline.push(block)
        pipeline.flush()
        found.append((pipeline.stats.windows, *pipeline.timeline.activations(), *pipeline.timeline.envelopes()))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    every = Pipeline(RATE, [FakeActivation(), FakeEnvelope()], spectrogram=False)
    every.push(signal)
    every.flush()
    times, rows, _ = every.timeline.activations()
    np.testing.assert_array_equal(times, found[0][1])
    assert found[0][0] < every.stats.windows
    assert np.abs(rows - found[0][2]).max() < 0.1
