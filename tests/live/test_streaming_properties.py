"""What every streaming object promises, tried on cases that a generator looks for.

What they say does not depend on how the stream was cut, a reset one is as good as new, and flushing leaves nothing out.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from irec_live.models.spec import Threshold
from irec_live.results import Event
from irec_live.streaming.decisions import TrackerSettings
from irec_live.streaming.overlap_add import OverlapAdd, hann_taper
from irec_live.streaming.resample import QUALITY, Resampler
from irec_live.streaming.ring import RingBuffer
from irec_live.streaming.row_store import RowStore
from irec_live.streaming.tracker import LabelTracker, track
from irec_live.streaming.windows import Windower

# derandomize: the same cases every time, on every machine. database: nothing is written beside the tests.
few = settings(max_examples=30, deadline=None, derandomize=True, database=None)

seeds = st.integers(0, 2**32 - 1)


def signal_of(seed: int, samples: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, samples).astype(np.float32)


def in_blocks(signal: np.ndarray, edges: list[float]) -> list[np.ndarray]:
    """Cut at these shares of its length; blocks may be empty."""
    return np.split(signal, sorted(round(edge * len(signal)) for edge in edges))


shares = st.lists(st.floats(0.0, 1.0), max_size=12)


# ---- ring


@few
@given(
    capacity=st.integers(1, 40),
    channels=st.integers(1, 3),
    turns=st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=40),
)
def test_a_ring_gives_what_was_written_in_order_or_tells_what_is_lost(
    capacity: int, channels: int, turns: list[tuple[bool, int]]
) -> None:
    ring = RingBuffer(capacity, channels)
    for _ in range(2):  # the second time after a reset, which is as good as new
        written = read = lost = late = 0
        for write, count in turns:
            if write:
                block = (written + np.arange(count, dtype=np.float32))[:, None] + np.zeros(channels, np.float32)
                overwritten = ring.write(block)
                kept = max(read, written - capacity)
                written += count
                assert overwritten == max(0, written - capacity - kept)
                lost += overwritten
                late += overwritten > 0
            else:
                block, index = ring.read(count)
                assert index == max(read, written - capacity)
                assert len(block) == min(count, written - index)
                np.testing.assert_array_equal(
                    block, np.repeat(np.arange(index, index + len(block))[:, None], channels, 1)
                )
                read = index + len(block)
            assert (ring.write_index, ring.read_index) == (written, read)
            assert ring.available == min(written - read, capacity)
            assert (ring.lost_samples, ring.overflows) == (lost, late)
        ring.reset()


# ---- windows


@few
@given(
    seed=seeds,
    length=st.integers(1, 60),
    hop_share=st.floats(0.0, 1.0),
    samples=st.integers(0, 500),
    edges=shares,
    before=st.integers(0, 200),
)
def test_windows_are_the_slices_however_the_stream_was_cut(
    seed: int, length: int, hop_share: float, samples: int, edges: list[float], before: int
) -> None:
    hop = max(1, math.ceil(hop_share * length))
    signal = signal_of(seed, samples)
    windower = Windower(length, hop)
    windower.push(signal_of(seed + 1, before))
    windower.flush()
    windower.reset()
    windows = [window for block in in_blocks(signal, edges) for window in windower.push(block)]
    assert windower.samples == samples
    tail = windower.flush()
    assert [start for _, start in windows + tail] == [number * hop for number in range(len(windows) + len(tail))]
    padded = np.pad(signal, (0, length))
    for window, start in windows + tail:
        np.testing.assert_array_equal(window, padded[start : start + length])
    assert all(start + length <= samples for _, start in windows)
    assert len(tail) <= 1
    end = max((start + length for _, start in windows + tail), default=0)
    assert end >= samples, "no sample is left out"
    assert not tail or end - samples < max(hop, length), "and none is made up beyond one window"


# ---- overlap-add


@few
@given(
    seed=seeds,
    labels=st.integers(1, 3),
    frames=st.integers(1, 20),
    hop_share=st.floats(0.0, 1.0),
    present=st.lists(st.booleans(), min_size=1, max_size=12),
    start=st.integers(0, 1000),
)
def test_overlap_add_is_the_weighted_mean_of_the_windows_there_were(
    seed: int, labels: int, frames: int, hop_share: float, present: list[bool], start: int
) -> None:
    hop = max(1, math.ceil(hop_share * frames))
    places = [start + number * hop for number, there in enumerate(present) if there]
    windows = np.random.default_rng(seed).random((len(places), labels, frames)).astype(np.float32)
    span = (len(present) + 1) * hop + frames
    total, weight = np.zeros((span, labels)), np.zeros((span, 1))
    for window, place in zip(windows, places, strict=True):
        total[place - start : place - start + frames] += hann_taper(frames)[:, None] * window.T
        weight[place - start : place - start + frames] += hann_taper(frames)[:, None]
    wanted = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)

    add = OverlapAdd(labels, frames, hop)
    for _ in range(2):  # the second time after a reset
        parts = [*(add.push(window, place) for window, place in zip(windows, places, strict=True)), add.flush()]
        begins = [first for rows, first in parts if len(rows)]
        ends = [first + len(rows) for rows, first in parts if len(rows)]
        assert begins[1:] == ends[:-1], "one follows the other"
        if places:
            assert (begins[0], ends[-1]) == (places[0], places[-1] + frames), "nothing is left out"
            rows = np.concatenate([rows for rows, _ in parts])
            np.testing.assert_allclose(rows, wanted[begins[0] - start : ends[-1] - start], rtol=1e-5, atol=1e-7)
        add.reset()


# ---- resampling


@few
@given(
    seed=seeds,
    rates=st.tuples(st.sampled_from([8000, 11_025, 44_100, 48_000, 96_000]), st.sampled_from([8000, 22_050, 32_000])),
    samples=st.integers(0, 3000),
    edges=shares,
)
def test_resampled_in_blocks_is_resampled_at_once(
    seed: int, rates: tuple[int, int], samples: int, edges: list[float]
) -> None:
    signal = signal_of(seed, samples)
    resampler = Resampler(*rates)
    resampler.push(signal_of(seed + 1, 700))
    resampler.reset()
    blocks = [resampler.push(block) for block in in_blocks(signal, edges)]
    got = np.concatenate([*blocks, resampler.flush()])
    if samples:
        np.testing.assert_array_equal(got, soxr.resample(signal, *rates, quality=QUALITY))
    assert abs(len(got) - samples * rates[1] / rates[0]) < 1.0


# ---- tracker


@st.composite
def curves(draw: st.DrawFn) -> tuple[LabelTracker, np.ndarray, np.ndarray]:
    """A tracker of some settings, and the times and activations, (R,) and (R, K), of windows for it."""
    names = ["flute", "piano", "drums"][: draw(st.integers(1, 3))]
    on = draw(st.floats(0.1, 0.9))
    off, again = sorted((draw(st.floats(0.05, on)), draw(st.floats(0.05, on))))
    chosen = TrackerSettings(
        pool=draw(st.integers(1, 5)), pooling=draw(st.sampled_from(["mean", "lme"])),
        min_duration_s=draw(st.sampled_from([0.0, 0.1, 0.25, 0.5])),
        refractory_s=draw(st.sampled_from([0.0, 0.1, 0.3])), memory_s=draw(st.sampled_from([0.0, 2.0])),
    )  # fmt: skip
    tracker = LabelTracker(names, {names[0]: Threshold(on=on, off=off, again=again)}, chosen, hop_s=0.1)
    random, rows = np.random.default_rng(draw(seeds)), draw(st.integers(0, 120))
    times = 0.5 + 0.1 * np.arange(rows)
    # Plateaus of some windows, so that labels have the time to light.
    levels = np.repeat(random.random((rows // 4 + 1, len(names))), 4, axis=0)[:rows]
    return tracker, times, np.clip(levels + random.normal(0, 0.05, levels.shape), 0, 1).astype(np.float32)


@few
@given(curve=curves())
def test_events_are_whole_in_order_and_the_same_after_a_reset(
    curve: tuple[LabelTracker, np.ndarray, np.ndarray],
) -> None:
    tracker, times, rows = curve

    def follow() -> tuple[list[Event], set[str]]:
        ended: list[Event] = []
        lit: set[str] = set()
        for time_s, row in zip(times.tolist(), rows, strict=True):
            step = tracker.push(time_s, row)
            assert set(step.lit) == {event.label for event in tracker.open_events()}
            lit |= set(step.lit)
            ended += step.ended
        return [*ended, *tracker.flush()], lit

    events, lit = follow()
    assert {event.label for event in events} == lit, "what was lit has an event, and nothing else"
    assert tracker.flush() == ()
    for event in events:
        assert event.offset_s is not None
        assert times[0] - 0.5 <= event.onset_s <= event.offset_s <= times[-1]
        assert 0.0 < event.activation <= 1.0
    for label in lit:
        own = sorted((e for e in events if e.label == label), key=lambda event: event.onset_s)
        assert all(one.offset_s < other.onset_s for one, other in pairwise(own) if one.offset_s is not None)
    tracker.reset()
    assert follow() == (events, lit)
    tracked, still_open = track(times, rows, tracker)
    assert [*tracked, *tracker.flush()] == events
    assert len(still_open) == len(events) - len(tracked)


@few
@given(curve=curves(), counts=st.lists(st.integers(1, 40), min_size=1, max_size=6), lost=st.sets(st.integers(0, 119)))
def test_windows_pushed_together_are_decided_as_if_each_came_by_itself(
    curve: tuple[LabelTracker, np.ndarray, np.ndarray], counts: list[int], lost: set[int]
) -> None:
    tracker, times, rows = curve
    there = [number for number in range(len(times)) if number not in lost]
    times, rows = times[there], rows[there]
    steps = [tracker.push(time_s, row) for time_s, row in zip(times.tolist(), rows, strict=True)]
    wanted = [event for step in steps for event in step.ended], tracker.open_events(), tracker.reached_s
    tracker.reset()
    found: list[Event] = []
    first = 0
    for number in range(len(times)):
        last = min(len(times), first + counts[number % len(counts)])
        if first == last:
            break
        step = tracker.push_rows(times[first:last], rows[first:last])
        np.testing.assert_array_equal(step.smoothed, [one.smoothed for one in steps[first:last]])
        assert step.lit == steps[last - 1].lit
        found += step.ended
        first = last
    assert (found, tracker.open_events(), tracker.reached_s) == wanted


# ---- row store


@few
@given(
    counts=st.lists(st.integers(0, 1500), max_size=6),
    keep_s=st.none() | st.floats(1.0, 300.0),
    span=st.tuples(st.floats(-10.0, 500.0), st.floats(-10.0, 500.0)),
)
def test_rows_come_back_as_they_were_appended_however_they_were_appended(
    counts: list[int], keep_s: float | None, span: tuple[float, float]
) -> None:
    total = sum(counts)
    times = np.arange(total) * 0.1
    rows = np.stack([np.arange(total), np.arange(total) % 7 == 0], axis=1).astype(np.float32)
    rows[: total // 3] = 0.0  # silence, which is stored otherwise
    stores: list[RowStore] = []
    for cuts in (np.cumsum([0, *counts]).tolist(), [0, total]):
        store = RowStore(2, keep_s=keep_s)
        store.append([5.0], np.ones((1, 2), np.float32))
        store.clear()
        for first, last in pairwise(cuts):
            store.append(times[first:last], rows[first:last])
        stores.append(store)
    low, high = min(span), max(span)
    newest = times[-1] if total else 0.0
    kept = times >= (newest - keep_s if keep_s is not None else -1.0)
    for store in stores:
        got_times, got_rows = store.between(low, high)
        held = total - len(store)
        assert not kept[:held].any(), "only what is old was forgotten"
        wanted = (times >= low) & (times <= high) & (np.arange(total) >= held)
        np.testing.assert_array_equal(got_times, times[wanted])
        np.testing.assert_array_equal(got_rows, rows[wanted])
        place = int(np.searchsorted(times, low, "right")) - 1
        last = store.last_before(low)
        if place < held:
            assert last is None
        else:
            np.testing.assert_array_equal(last, rows[place])
    assert len(stores[0]) == len(stores[1])
