"""The label tracker, case by case, and against a slow tracker of one label."""

from __future__ import annotations

import numpy as np
import pytest

from irec_live.models.spec import Threshold
from irec_live.results import Event
from irec_live.streaming.decisions import Decisions, TrackerSettings
from irec_live.streaming.tracker import LabelTracker, track

HOP = 0.1
PLAIN = TrackerSettings(pool=1, min_duration_s=0.3)
THRESHOLDS = {"flute": Threshold(on=0.6, off=0.4), "piano": Threshold(on=0.5, off=0.5)}


def follow(values: list[float], settings: TrackerSettings = PLAIN, offset: float = 0.0) -> list[Event]:
    """Events of one label, `flute`, whose windows are at 0.5, 0.6, 0.7 ... seconds."""
    tracker = LabelTracker(["flute"], THRESHOLDS, settings, hop_s=HOP)
    tracker.offset = offset
    ended = [e for i, value in enumerate(values) for e in tracker.push(0.5 + HOP * i, np.float32([value])).ended]
    return ended + list(tracker.flush())


def spans(events: list[Event]) -> list[tuple[int, int]]:
    """First and last window of each event."""
    return [(round((e.onset_s - 0.5) / HOP), round(((e.offset_s or 0.0) - 0.5) / HOP)) for e in events]


def slow_spans(values: np.ndarray, on: float, off: float, min_windows: int, bridged: int) -> list[tuple[int, int]]:
    """The same by words: hysteresis, then join what is close, then drop what is short."""
    above, runs = False, []
    for index, value in enumerate(values):
        was, above = above, bool(value >= (off if above else on))
        if above and not was:
            runs.append([index, index])
        elif above:
            runs[-1][1] = index
    joined: list[list[int]] = []
    for first, last in runs:
        if joined and first - joined[-1][1] - 1 <= bridged:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    return [(first, last) for first, last in joined if last - first + 1 >= min_windows]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("pooling", ["mean", "lme"])
def test_events_of_random_curves_agree_with_the_slow_tracker(seed: int, pooling: str) -> None:
    random = np.random.default_rng(seed)
    curve = np.clip(0.5 + np.cumsum(random.normal(0, 0.12, 600)) % 1.0 - 0.5 + random.normal(0, 0.1, 600), 0, 1)
    values = curve.astype(np.float32)
    pooled = []
    for index in range(len(values)):
        recent = values[max(0, index - 2) : index + 1].astype(np.float64)
        pooled.append(recent.mean() if pooling == "mean" else np.log(np.exp(5 * recent).mean()) / 5)
    got = follow(values.tolist(), TrackerSettings(pool=3, pooling=pooling, min_duration_s=0.3))  # type: ignore[arg-type]
    middles = [HOP * (index - min(index, 2) / 2) for index in range(len(values))]  # of the windows pooled
    wanted = slow_spans(np.array(pooled), 0.6, 0.4, min_windows=3, bridged=2)
    told = [(event.onset_s - 0.5, event.offset_s - 0.5) for event in got if event.offset_s is not None]
    np.testing.assert_allclose(told, [(middles[first], middles[last]) for first, last in wanted], atol=1e-9)
    assert len(got) > 5


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("settings", [TrackerSettings(), TrackerSettings(pool=5, pooling="lme", refractory_s=0.0)])
def test_silence_that_is_passed_over_changes_nothing(seed: int, settings: TrackerSettings) -> None:
    random = np.random.default_rng(seed)
    trackers = [LabelTracker(["flute", "piano"], THRESHOLDS, settings, hop_s=HOP) for _ in range(2)]
    found: list[list[object]] = [[], []]
    at, passed = 0, 0
    for _ in range(30):
        values = random.uniform(0.0, 1.0, (random.integers(8), 2)).astype(np.float32)
        rows = np.concatenate([values, np.zeros((random.integers(12), 2), np.float32)])
        times = 0.5 + HOP * (at + np.arange(len(rows)))
        at += len(rows)
        for time_s, row in zip(times.tolist(), rows, strict=True):
            found[0] += list(trackers[0].push(time_s, row).ended)
            if trackers[1].at_rest and not row.any():
                trackers[1].pass_over(np.array([time_s]))
                passed += 1
            else:
                found[1] += list(trackers[1].push(time_s, row).ended)
        assert [one.open_events() for one in trackers] == 2 * [trackers[0].open_events()]
        assert trackers[0].reached_s == trackers[1].reached_s
    assert passed > 10
    assert found[0] + list(trackers[0].flush()) == found[1] + list(trackers[1].flush())


def test_a_label_that_lights_at_nothing_is_never_passed_over() -> None:
    always = LabelTracker(["flute"], {"flute": Threshold(on=0.0, off=0.0)}, PLAIN, hop_s=HOP)
    assert not always.at_rest


def test_an_event_is_told_of_the_middle_of_what_is_pooled() -> None:
    """Not of the newest window: pooling makes a label late, its time needs not be."""
    step = [0.0] * 10 + [1.0] * 10 + [0.0] * 10
    (event,) = follow(step, TrackerSettings(pool=5))
    assert (event.onset_s, event.offset_s) == pytest.approx((0.5 + HOP * 10, 0.5 + HOP * 20), abs=HOP)


def test_a_label_lights_at_the_on_threshold_and_holds_down_to_the_off_threshold() -> None:
    assert spans(follow([0.5, 0.59, 0.6, 0.5, 0.41, 0.41, 0.39, 0.5, 0.5, 0.5])) == [(2, 5)]


EARNED = {"flute": Threshold(on=0.6, again=0.4, off=0.3)}


def test_a_label_earns_its_first_light_and_comes_back_more_easily() -> None:
    hinted, shown, gap = [0.5] * 8, [0.7] * 3, [0.0] * 4
    tracker = LabelTracker(["flute"], EARNED, PLAIN, hop_s=HOP)
    lit = [bool(tracker.push(HOP * i, np.float32([v])).lit) for i, v in enumerate([*hinted, *shown, *gap, *hinted])]
    assert lit == [False] * 10 + [True] * 3 + [False] * 4 + [True] * 6


def test_what_a_label_earned_is_forgotten_after_a_while_and_with_a_reset() -> None:
    settings = TrackerSettings(pool=1, memory_s=2.0)
    for silent, comes_back in ((15, True), (25, False)):
        tracker = LabelTracker(["flute"], EARNED, settings, hop_s=HOP)
        steps = [tracker.push(HOP * i, np.float32([v])) for i, v in enumerate([0.7] * 5 + [0.0] * silent + [0.5] * 5)]
        assert bool(steps[-1].lit) is comes_back
    tracker.reset()
    assert not any(tracker.push(HOP * i, np.float32([0.5])).lit for i in range(9))


def test_the_offset_moves_all_three_thresholds() -> None:
    values = np.float32([0.7] * 5 + [0.0] * 5 + [0.5] * 5)
    for offset, lit in ((0.0, True), (0.09, True), (0.11, False)):
        tracker = LabelTracker(["flute"], EARNED, PLAIN, hop_s=HOP)
        tracker.offset = offset
        steps = [tracker.push(HOP * i, values[i : i + 1]) for i in range(len(values))]
        assert bool(steps[-1].lit) is lit


def test_what_is_shorter_than_the_minimum_duration_is_no_event() -> None:
    assert follow([0, 0.9, 0.9, 0, 0, 0, 0]) == []
    assert spans(follow([0, 0.9, 0.9, 0.9, 0, 0, 0])) == [(1, 3)]


def test_a_flicker_within_the_refractory_time_continues_the_event() -> None:
    assert spans(follow([0.9] * 4 + [0, 0] + [0.9] * 4 + [0] * 5)) == [(0, 9)]
    assert spans(follow([0.9] * 4 + [0, 0, 0] + [0.9] * 4 + [0] * 5)) == [(0, 3), (7, 10)]


def test_a_label_stays_lit_while_it_flickers() -> None:
    tracker = LabelTracker(["flute"], THRESHOLDS, PLAIN, hop_s=HOP)
    values = [0.9] * 3 + [0, 0] + [0.9] + [0] * 4
    lit = [bool(tracker.push(HOP * i, np.float32([value])).lit) for i, value in enumerate(values)]
    assert lit == [False, False] + [True] * 6 + [False] * 2


def test_hops_longer_than_the_refractory_time_do_not_break_an_event() -> None:
    tracker = LabelTracker(["flute"], THRESHOLDS, PLAIN, hop_s=0.5)
    for i in range(6):
        assert tracker.push(0.5 * i, np.float32([0.9])).ended == ()
    assert [(e.onset_s, e.offset_s) for e in tracker.flush()] == [(0.0, 2.5)]


def test_one_window_is_enough_where_a_hop_lasts_the_minimum_duration() -> None:
    tracker = LabelTracker(["flute"], THRESHOLDS, PLAIN, hop_s=0.5)
    assert tracker.push(0.0, np.float32([0.9])).lit == ("flute",)


def test_skipped_windows_within_the_refractory_time_do_not_break_an_event() -> None:
    tracker = LabelTracker(["flute"], THRESHOLDS, PLAIN, hop_s=HOP)
    for time_s in (0.0, 0.1, 0.2, 0.5, 0.6):
        tracker.push(time_s, np.float32([0.9]))
    assert [(e.onset_s, e.offset_s) for e in tracker.flush()] == [(0.0, 0.6)]


def test_an_event_carries_its_highest_pooled_activation() -> None:
    (event,) = follow([0.7, 0.9, 0.8, 0.7, 0.0, 0.0, 0.0, 0.0])
    assert event.activation == pytest.approx(0.9)
    (pooled,) = follow([0.7, 0.9, 0.8, 0.7, 0.0, 0.0, 0.0, 0.0], TrackerSettings(pool=2))
    assert pooled.activation == pytest.approx(0.85)


def test_events_open_at_the_end_are_closed_at_their_last_window() -> None:
    assert spans(follow([0, 0.9, 0.9, 0.9])) == [(1, 3)]
    assert spans(follow([0, 0.9, 0.9, 0.9, 0.0])) == [(1, 3)]


def test_in_a_stream_shorter_than_the_minimum_duration_a_label_heard_throughout_counts() -> None:
    assert spans(follow([0.9])) == [(0, 0)]
    assert spans(follow([0.9, 0.9])) == [(0, 1)]
    assert follow([0.0, 0.9]) == []
    assert follow([]) == []


def test_the_offset_shifts_both_thresholds_and_is_bounded() -> None:
    values = [0.0] + [0.5] * 5 + [0.0] * 4
    assert follow(values) == []
    assert spans(follow(values, offset=-0.1)) == [(1, 5)]
    tracker = LabelTracker(["flute", "piano"], THRESHOLDS, hop_s=HOP)
    tracker.offset = 0.9
    np.testing.assert_allclose(tracker.thresholds, [0.98, 0.98])
    tracker.offset = -0.9
    np.testing.assert_allclose(tracker.thresholds, [0.02, 0.02])


def test_the_offset_takes_effect_with_the_next_window() -> None:
    tracker = LabelTracker(["flute"], THRESHOLDS, PLAIN, hop_s=HOP)
    lit = []
    for index in range(20):
        tracker.offset = 0.0 if index < 8 else -0.2
        lit.append(bool(tracker.push(HOP * index, np.float32([0.5])).lit))
    assert lit.index(True) == 10


def test_labels_are_independent_and_the_strongest_comes_first() -> None:
    tracker = LabelTracker(["flute", "piano", "voice"], THRESHOLDS, PLAIN, hop_s=HOP)
    for index in range(4):
        step = tracker.push(HOP * index, np.float32([0.7, 0.2, 0.9]))
    assert step.lit == ("voice", "flute")
    assert {event.label for event in tracker.open_events()} == {"flute", "voice"}
    assert all(event.offset_s is None for event in tracker.open_events())


def test_the_stated_delay_is_when_a_clear_step_lights() -> None:
    for pool in (1, 3, 5):
        settings = TrackerSettings(pool=pool)
        tracker = LabelTracker(["flute"], {"flute": Threshold(on=0.5, off=0.3)}, settings, hop_s=HOP)
        for index in range(10):
            tracker.push(HOP * index, np.float32([0.0]))
        count = 0
        while not tracker.push(HOP * (10 + count), np.float32([1.0])).lit:
            count += 1
        assert count * HOP <= tracker.delay_s + 1e-9


def test_the_first_windows_are_pooled_over_what_there_is() -> None:
    tracker = LabelTracker(["flute"], {}, TrackerSettings(pool=3), hop_s=HOP)
    pooled = [tracker.push(HOP * i, np.float32([value])).smoothed[0] for i, value in enumerate([0.9, 0.3, 0.0, 0.0])]
    np.testing.assert_allclose(pooled, [0.9, 0.6, 0.4, 0.1], atol=1e-6)


def test_log_mean_exp_lies_between_mean_and_maximum() -> None:
    tracker = LabelTracker(["flute"], {}, TrackerSettings(pool=3, pooling="lme"), hop_s=HOP)
    for i, value in enumerate([0.9, 0.3, 0.0]):
        step = tracker.push(HOP * i, np.float32([value]))
    assert 0.4 < step.smoothed[0] < 0.9


def test_reset_equals_new() -> None:
    tracker = LabelTracker(["flute"], THRESHOLDS, hop_s=HOP)
    for index in range(30):
        tracker.push(HOP * index, np.float32([0.9]))
    tracker.reset()
    fresh = LabelTracker(["flute"], THRESHOLDS, hop_s=HOP)
    for index in range(10):
        one, other = (t.push(HOP * index, np.float32([0.9 * (index % 7 < 5)])) for t in (tracker, fresh))
        assert (one.lit, one.ended, one.smoothed.tolist()) == (other.lit, other.ended, other.smoothed.tolist())
    assert tracker.flush() == fresh.flush()


def test_tracking_stored_rows_equals_tracking_live() -> None:
    values = np.random.default_rng(1).random((200, 2)).astype(np.float32)
    times = 0.5 + HOP * np.arange(200)
    live = LabelTracker(["flute", "piano"], THRESHOLDS, hop_s=HOP)
    ended = [event for time_s, row in zip(times, values, strict=True) for event in live.push(time_s, row).ended]
    again = LabelTracker(["flute", "piano"], THRESHOLDS, hop_s=HOP)
    assert track(times, values, again) == (tuple(ended), live.open_events())
    assert again.flush() == live.flush()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 activations"):
        LabelTracker(["flute"], {}).push(0.0, np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="pool must be at least 1"):
        TrackerSettings(pool=0)
    with pytest.raises(ValueError, match="'mean' or 'lme'"):
        TrackerSettings(pooling="median")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs labels"):
        LabelTracker([], {})


def test_one_label_has_an_offset_of_its_own() -> None:
    tracker = LabelTracker(["flute", "oboe"], {}, PLAIN, hop_s=HOP)
    plain = tracker.thresholds
    tracker.decisions = tracker.decisions.with_own("oboe", 0.2)
    tracker.offset = 0.1
    assert (tracker.thresholds - plain).tolist() == pytest.approx([0.1, 0.3])
    limits = tracker.limits()
    assert limits["oboe"].on == pytest.approx(limits["flute"].on + 0.2)
    tracker.decisions = tracker.decisions.with_own("oboe", 9.0)
    assert tracker.thresholds[1] == pytest.approx(0.98)


@pytest.mark.parametrize("pools", [(3, 5), (5, 2), (4, 1), (1, 6), (3, 3)])
@pytest.mark.parametrize("after", [1, 2, 7])
def test_smoothing_that_changes_pools_the_windows_before_it_too(pools: tuple[int, int], after: int) -> None:
    values = np.random.default_rng(3).random(20).astype(np.float32)
    tracker = LabelTracker(["flute"], {}, TrackerSettings(pool=pools[0]), hop_s=HOP)
    for index, value in enumerate(values.tolist()):
        if index == after:
            tracker.decisions = Decisions(settings=TrackerSettings(pool=pools[1]))
        step = tracker.push(index * HOP, np.float32([value]))
        if index < after:
            continue
        kept = min(after, pools[0]) + index - after + 1  # windows that were still there, and those since
        recent = values[max(0, index + 1 - min(pools[1], kept)) : index + 1]
        assert step.smoothed[0] == pytest.approx(recent.mean(), abs=1e-6)


@pytest.mark.parametrize(("hop_s", "windows"), [(0.05, 5), (0.1, 3), (0.16, 1)])
def test_windows_further_apart_than_usual_are_not_smoothed_for_longer(hop_s: float, windows: int) -> None:
    tracker = LabelTracker(["flute"], THRESHOLDS, hop_s=hop_s)
    lit = [tracker.push(number * hop_s, np.float32([number >= 5])).lit for number in range(15)]
    # Of three pooled windows two must be loud, and then 0.2 s; at 160 ms one window stands for both.
    assert lit.index(("flute",)) - 5 + 1 == windows
