"""What is kept of the last seconds: newest features, means and maxima over spans, however windows are batched."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from irec_live.models.context import ContextSpec
from irec_live.streaming.context_stream import ContextStream

RATE, HOP = 1000, 100


@dataclass
class Recorder:
    """A head that answers with the contexts it is given."""

    spec: ContextSpec = field(default_factory=lambda: ContextSpec(width=3, means_s=(0.2, 0.5), maxima_s=(0.3,)))
    sample_rate: int = RATE

    def __call__(self, context: np.ndarray) -> np.ndarray:
        return context


def windows(count: int, lost: tuple[int, ...] = ()) -> tuple[list[int], np.ndarray]:
    starts = [HOP * number for number in range(count) if number not in lost]
    return starts, np.random.default_rng(0).standard_normal((len(starts), 3)).astype(np.float32)


def directly(starts: list[int], features: np.ndarray, spec: ContextSpec) -> np.ndarray:
    """Each context by itself, from all windows."""
    times = np.array(starts)
    rows = []
    for place, start in enumerate(starts):
        row = [features[place]]
        for spans, pool in ((spec.means_s, np.mean), (spec.maxima_s, np.max)):
            for span in spans:
                within = (times <= start) & (times >= start - span * RATE)
                row.append(pool(features[within], axis=0))
        rows.append(np.concatenate(row))
    return np.stack(rows)


@pytest.mark.parametrize("batches", [[1] * 40, [40], [3, 16, 1, 7, 13], [16, 24]])
@pytest.mark.parametrize("lost", [(), (5, 6, 7, 20), tuple(range(10, 20))])
def test_contexts_are_those_of_each_window_by_itself_however_they_are_batched(
    batches: list[int], lost: tuple[int, ...]
) -> None:
    head = Recorder()
    stream = ContextStream(head)
    starts, features = windows(40, lost)
    found, first = [], 0
    for count in batches:
        if part := starts[first : first + count]:
            found.append(stream.decide(part, features[first : first + count]))
        first += count
    wanted = directly(starts, features, head.spec)
    np.testing.assert_allclose(np.concatenate(found), wanted, atol=1e-6)


def test_batches_change_no_bit() -> None:
    starts, features = windows(64)
    one, many = ContextStream(Recorder()), ContextStream(Recorder())
    singly = np.concatenate([one.decide([start], row[None]) for start, row in zip(starts, features, strict=True)])
    assert np.array_equal(many.decide(starts, features), singly)


def test_after_a_gap_or_a_reset_only_the_newest_window_is_left() -> None:
    stream = ContextStream(Recorder())
    starts, features = windows(10)
    stream.decide(starts, features)
    alone = np.tile(features[3], 4)
    assert np.array_equal(stream.decide([60 * RATE], features[3:4])[0], alone)
    stream.reset()
    assert np.array_equal(stream.decide([0], features[3:4])[0], alone)


def test_a_head_of_the_newest_features_alone_needs_no_past() -> None:
    stream = ContextStream(Recorder(ContextSpec(width=3)))
    starts, features = windows(5)
    assert np.array_equal(stream.decide(starts, features), features)


def test_what_no_later_window_needs_is_not_kept() -> None:
    stream = ContextStream(Recorder())
    for number in range(500):
        stream.decide([HOP * number], np.ones((1, 3), np.float32))
    assert len(stream._features) <= 6


def test_a_feature_out_of_all_bounds_is_forgotten_like_any_other() -> None:
    stream = ContextStream(Recorder())
    starts, features = windows(40)
    features[10] = np.finfo(np.float32).max
    wanted = directly(starts[20:], features[20:], stream._head.spec)  # type: ignore[arg-type]
    found = stream.decide(starts, features)[25:]
    np.testing.assert_allclose(found, wanted[5:], atol=1e-6)
