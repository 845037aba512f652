"""The pipeline against an offline oracle, on formulas instead of networks, and once on real ONNX networks."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import soxr
from cuts import CUTS, cut, noise
from fake_models import RATE, FakeActivation, FakeEnvelope
from waiting import PATIENCE_S

from irec_live.results import Event
from irec_live.streaming.decisions import TrackerSettings
from irec_live.streaming.overlap_add import hann_taper
from irec_live.streaming.pipeline import SILENCE_DB, Pipeline, PipelineStep
from irec_live.streaming.resample import QUALITY
from irec_live.streaming.retracking import Retracking
from irec_live.streaming.timeline import Timeline
from irec_live.streaming.tracker import LabelTracker

SOURCE_RATE = 16_000
LABELS = ("flute", "piano", "voice")


def swell(seconds: float, rate: int = SOURCE_RATE) -> np.ndarray:
    """Noise whose level comes and goes, with a silent stretch in its second fifth."""
    signal = noise(round(seconds * rate), seed=2, amplitude=0.5)
    signal *= np.abs(np.sin(np.arange(len(signal)) / rate * 2.1)).astype(np.float32)
    signal[len(signal) // 5 : 2 * len(signal) // 5] = 0.0
    return signal


def run(pipeline: Pipeline, signal: np.ndarray, how: int | str) -> list[PipelineStep]:
    return [*(pipeline.push(block) for block in cut(signal, how)), pipeline.flush()]


def oracle_activations(signal: np.ndarray, model: FakeActivation, silence_db: float = SILENCE_DB) -> np.ndarray:
    """Resample it all, slice it, predict on each slice; columns in the order of LABELS."""
    samples = soxr.resample(signal, SOURCE_RATE, RATE, quality=QUALITY)
    length, hop = model.spec.window_length, model.spec.hop_length
    count = max(1, -(-(len(samples) - length) // hop) + 1)
    padded = np.pad(samples, (0, length))
    rows = np.zeros((count, 3), np.float32)
    for index in range(count):
        window = padded[index * hop : index * hop + length]
        if np.mean(window**2) >= 10 ** (silence_db / 10):
            rows[index, :2] = model(window[None])[0]
    return rows


def oracle_envelopes(signal: np.ndarray, model: FakeEnvelope) -> np.ndarray:
    samples = soxr.resample(signal, SOURCE_RATE, RATE, quality=QUALITY)
    spec = model.spec
    count = max(1, -(-(len(samples) - spec.window_length) // spec.hop_length) + 1)
    padded = np.pad(samples, (0, spec.window_length))
    total = np.zeros((count * 8 + 8, 2))
    weight = np.zeros((count * 8 + 8, 1))
    for index in range(count):
        window = padded[index * spec.hop_length :][: spec.window_length]
        weight[index * 8 : index * 8 + 16] += hann_taper(16)[:, None]
        if np.mean(window**2) >= 1e-6:
            total[index * 8 : index * 8 + 16] += hann_taper(16)[:, None] * model(window[None])[0].T
    inside = np.arange(len(total)) * spec.frame_hop / RATE <= len(signal) / SOURCE_RATE
    return (total / weight)[inside]


@pytest.mark.parametrize("how", CUTS[1:])
def test_a_stream_in_any_blocks_equals_the_whole_file_at_once(how: int | str) -> None:
    signal = swell(3.03)
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()])
    run(pipeline, signal, how)
    times, raw, _ = pipeline.timeline.activations()
    np.testing.assert_allclose(raw, oracle_activations(signal, FakeActivation()), atol=1e-6)
    np.testing.assert_allclose(times, 0.05 + 0.025 * np.arange(len(times)), atol=1e-9)
    frame_times, envelope = pipeline.timeline.envelopes()
    wanted = oracle_envelopes(signal, FakeEnvelope())
    np.testing.assert_allclose(envelope[:, 1:], wanted, atol=1e-6)
    np.testing.assert_array_equal(envelope[:, 0], 0.0)
    np.testing.assert_allclose(frame_times, 0.004 * np.arange(len(frame_times)), atol=1e-9)


def test_steps_carry_exactly_what_the_timeline_stores() -> None:
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()])
    steps = run(pipeline, swell(4.0), 512)
    times, raw, _ = pipeline.timeline.activations()
    assert [time_s for step in steps for time_s, _ in step.activations] == times.tolist()
    np.testing.assert_array_equal([row for step in steps for _, row in step.activations], raw)
    frame_times, envelope = pipeline.timeline.envelopes()
    assert [time_s for step in steps for time_s, _ in step.envelopes] == frame_times.tolist()
    np.testing.assert_array_equal([row for step in steps for _, row in step.envelopes], envelope)
    events = [event for step in steps for event in step.events]
    assert len(events) >= 2
    assert tuple(sorted(events, key=lambda event: event.onset_s)) == pipeline.timeline.events()
    assert any(step.detected for step in steps)
    assert steps[-1].detected == ()


@pytest.mark.parametrize("samples", [0, 1, 100, 1599, 1600, 1601])
def test_short_streams_give_one_window_and_empty_ones_nothing(samples: int) -> None:
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()])
    run(pipeline, noise(samples), "all")
    times, raw, _ = pipeline.timeline.activations()
    expected = 0 if not samples else 1 if samples <= 1600 else 2
    assert len(raw) == expected
    assert (pipeline.timeline.envelopes()[0] <= samples / SOURCE_RATE).all()
    # Half a window after the first sample, but never behind the last one.
    np.testing.assert_allclose(times[:1], [min(0.05, samples / SOURCE_RATE)][:expected])


def test_what_is_found_in_a_sound_of_less_than_half_a_window_lies_inside_it() -> None:
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation()], tracker=TrackerSettings(pool=1))
    (step,) = (one for one in run(pipeline, np.full(700, 0.9, np.float32), 512) if one.activations)
    end_s = 700 / SOURCE_RATE
    assert [time_s for time_s, _ in step.activations] == pipeline.timeline.activations()[0].tolist() == [end_s]
    assert [(event.label, event.onset_s, event.offset_s) for event in step.events] == [("flute", end_s, end_s)]
    pipeline.retrack()
    assert pipeline.timeline.events() == step.events


def test_one_model_of_either_kind_is_enough() -> None:
    signal = swell(2.0)
    alone = Pipeline(SOURCE_RATE, [FakeActivation()])
    run(alone, signal, 512)
    assert alone.labels == ("flute", "piano")
    assert len(alone.timeline.activations()[0]) > 0
    assert len(alone.timeline.envelopes()[0]) == 0
    alone = Pipeline(SOURCE_RATE, [FakeEnvelope()])
    run(alone, signal, 512)
    assert alone.labels == ("piano", "voice")
    assert alone.timeline.activations()[1].shape == (0, 2)
    assert len(alone.timeline.envelopes()[0]) > 0
    assert alone.stats.inference_ms_p50 > 0.0
    assert np.isnan(alone.thresholds).tolist() == [True, True]
    assert alone.latency_ms > 0.0


def test_labels_are_the_union_with_the_activation_models_first_in_any_order() -> None:
    assert Pipeline(RATE, [FakeEnvelope(), FakeActivation()]).labels == LABELS
    assert Pipeline(RATE, [FakeActivation(), FakeEnvelope()]).labels == LABELS


def test_only_labels_that_can_be_named_have_thresholds() -> None:
    thresholds = Pipeline(RATE, [FakeEnvelope(), FakeActivation()]).thresholds
    assert dict(zip(LABELS, np.isfinite(thresholds).tolist(), strict=True)) == {
        "flute": True,
        "piano": True,
        "voice": False,
    }


def test_silence_is_not_predicted_and_its_rows_are_zero() -> None:
    model, envelope = FakeActivation(), FakeEnvelope()
    pipeline = Pipeline(RATE, [model, envelope])
    run(pipeline, noise(8000, amplitude=10 ** (-78 / 20)), 500)
    assert model.calls == envelope.calls == pipeline.stats.windows == 0
    assert not pipeline.timeline.activations()[1].any()
    assert not pipeline.timeline.envelopes()[1].any()
    loud = Pipeline(RATE, [model, envelope], silence_db=-85.0)
    run(loud, noise(8000, amplitude=10 ** (-78 / 20)), 500)
    assert loud.stats.windows == model.calls + envelope.calls > 0


def test_after_sound_stops_the_pooled_curve_decays_and_the_label_goes_out() -> None:
    pipeline = Pipeline(RATE, [FakeActivation()], tracker=TrackerSettings(pool=4))
    pipeline.push(noise(8000, amplitude=0.6))
    step = pipeline.push(np.zeros(8000, np.float32))
    _, _, smoothed = pipeline.timeline.activations()
    falling = smoothed[-len(step.activations) :, 0]
    assert (np.diff(falling) <= 1e-3).all()
    assert falling[0] > 0.4
    assert falling[-1] == 0.0
    assert step.detected == ()
    assert {event.label for event in step.events} == {"flute", "piano"}


def test_a_live_pipeline_that_is_late_skips_to_the_newest_windows_and_counts() -> None:
    model = FakeActivation()
    pipeline = Pipeline(RATE, [model], max_pending=2)
    step = pipeline.push(noise(8000))  # 37 windows
    assert (model.windows, pipeline.stats.skipped_windows) == (2, 35)
    np.testing.assert_allclose([time_s for time_s, _ in step.activations], [0.925, 0.95])
    pipeline.push(noise(400))
    assert pipeline.stats.skipped_windows == 35


def test_without_a_bound_nothing_is_skipped() -> None:
    pipeline = Pipeline(RATE, [FakeActivation()])
    pipeline.push(noise(80_000))
    assert pipeline.stats.skipped_windows == 0
    assert pipeline.stats.windows == 397


def test_skipped_envelope_windows_leave_the_rest_as_it_was() -> None:
    signal = noise(16_000, amplitude=0.3)
    whole = Pipeline(RATE, [FakeEnvelope()])
    run(whole, signal, "all")
    late = Pipeline(RATE, [FakeEnvelope()], max_pending=1)
    for block in np.split(signal, [4000, 4500, 5000]):
        late.push(block)
    late.flush()
    assert late.stats.skipped_windows > 10
    (whole_times, whole_rows), (times, rows) = whole.timeline.envelopes(), late.timeline.envelopes()
    np.testing.assert_allclose(np.diff(times), 0.004, atol=1e-9)
    loud = rows.any(axis=1)
    at = np.searchsorted(whole_times, times[loud] - 1e-6)
    # The formula tells the same of a frame in every window, but for the 2 of 16 at its edges, where it sees zeros.
    close = np.isclose(rows[loud], whole_rows[at], atol=0.02).all(axis=1)
    assert close.mean() > 0.85
    assert rows.max() <= whole_rows.max() * 1.1


def test_a_short_gap_is_bridged_with_silence_so_that_time_does_not_drift() -> None:
    signal = noise(16_000, amplitude=0.3)
    lost = signal.copy()
    lost[6000:7000] = 0.0
    whole, gappy = Pipeline(RATE, [FakeActivation()]), Pipeline(RATE, [FakeActivation()])
    run(whole, lost, "all")
    gappy.push(signal[:6000], 0)
    gappy.push(signal[7000:], 7000)
    gappy.flush()
    assert gappy.position == 16_000
    for one, other in zip(whole.timeline.activations(), gappy.timeline.activations(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_after_a_long_gap_time_is_right_and_open_events_are_closed() -> None:
    loud = noise(8000, amplitude=0.9)
    pipeline = Pipeline(RATE, [FakeActivation(), FakeEnvelope()])
    pipeline.push(loud, 0)
    step = pipeline.push(loud, 800_000)
    assert pipeline.position == 808_000
    assert [event.label for event in step.events] == ["flute", "piano"]
    assert all(event.offset_s <= 1.0 for event in step.events)
    late = [time_s for time_s, _ in step.activations if time_s > 2.0]
    assert late[0] == pytest.approx(100.05)
    assert min(t for t in pipeline.timeline.envelopes()[0] if t > 2.0) == pytest.approx(100.0)
    view = pipeline.timeline.view(101.0, 0.9)
    assert view.spectrogram_times[0] > 100.0
    assert view.level_db > -10.0
    fresh = Pipeline(RATE, [FakeActivation()])
    fresh.push(loud)
    np.testing.assert_array_equal(pipeline.timeline.activations()[1][-37:, :2], fresh.timeline.activations()[1])


@pytest.mark.parametrize("origin", range(8001, 8101, 7))
def test_the_frame_on_the_last_sample_is_there_wherever_the_stream_began(origin: int) -> None:
    pipeline = Pipeline(RATE, [FakeEnvelope()])
    pipeline.push(noise(400 * 32), origin)
    pipeline.flush()
    assert len(pipeline.timeline.envelopes()[0]) == 401


def test_samples_that_come_twice_are_taken_once() -> None:
    signal = noise(8000)
    pipeline, plain = Pipeline(RATE, [FakeActivation()]), Pipeline(RATE, [FakeActivation()])
    pipeline.push(signal[:5000], 0)
    pipeline.push(signal[4000:], 4000)
    plain.push(signal)
    np.testing.assert_array_equal(pipeline.timeline.activations()[1], plain.timeline.activations()[1])


def test_a_stream_may_start_at_a_large_index() -> None:
    pipeline = Pipeline(RATE, [FakeActivation()])
    step = pipeline.push(noise(1000), 800_000)
    assert [time_s for time_s, _ in step.activations] == pytest.approx([100.05, 100.075])


def test_worker_threads_change_nothing() -> None:
    signal = swell(3.0)
    alone = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()])
    run(alone, signal, "all")
    with ThreadPoolExecutor(4) as executor:
        shared = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()], executor=executor)
        run(shared, signal, "all")
    for one, other in zip(alone.timeline.activations(), shared.timeline.activations(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(alone.timeline.envelopes()[1], shared.timeline.envelopes()[1])


@pytest.mark.parametrize("channel", [None, 2])
def test_channels_mixed_ahead_are_what_push_makes_of_them(channel: int | None) -> None:
    sound = np.stack([noise(3 * RATE), 0.1 * noise(3 * RATE)], axis=1)
    at_once, ahead = (Pipeline(RATE, [FakeActivation()], channel=channel) for _ in range(2))
    for block in [ahead.mix(part) for part in cut(sound, RATE // 3)]:
        ahead.push(block)
    at_once.push(sound)
    at_once.flush()
    ahead.flush()
    for found, wanted in zip(ahead.timeline.activations(), at_once.timeline.activations(), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("batch", [2, 7])
@pytest.mark.parametrize("providers", [("CPU",), ("CUDA", "CPU")])
def test_batches_change_nothing_and_have_one_size_on_a_gpu(batch: int, providers: tuple[str, ...]) -> None:
    class Strict(FakeActivation):
        def __init__(self) -> None:
            super().__init__()
            self.providers = providers  # type: ignore[assignment]

        def __call__(self, windows: np.ndarray, /) -> np.ndarray:
            assert len(windows) == batch if "CUDA" in providers else 1 <= len(windows) <= batch
            return super().__call__(windows)

    signal = swell(3.0)
    alone, batched = Pipeline(RATE, [FakeActivation()]), Pipeline(RATE, [Strict()], batch=batch)
    run(alone, signal, "all")
    run(batched, signal, "all")
    np.testing.assert_allclose(batched.timeline.activations()[1], alone.timeline.activations()[1], atol=1e-6)
    assert batched.stats.windows == alone.stats.windows


def test_rows_do_not_depend_on_later_sound() -> None:
    signal = swell(2.0)
    one = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()])
    step = one.push(signal[:20_000])
    other = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()])
    run(other, np.concatenate([signal[:20_000], noise(20_000, seed=9, amplitude=0.9)]), "all")
    count = len(step.activations)
    assert count > 10
    np.testing.assert_array_equal([row for _, row in step.activations], other.timeline.activations()[1][:count])
    count = len(step.envelopes)
    np.testing.assert_array_equal([row for _, row in step.envelopes], other.timeline.envelopes()[1][:count])


def test_reset_equals_new() -> None:
    signal = swell(2.0)
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()], max_pending=100)
    run(pipeline, noise(30_000, seed=8, amplitude=0.9), 700)
    pipeline.reset()
    assert (pipeline.position, pipeline.stats.windows, pipeline.stats.skipped_windows) == (0, 0, 0)
    fresh = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()], max_pending=100)
    for one in (pipeline, fresh):
        run(one, signal, 512)
    for left, right in zip(pipeline.timeline.activations(), fresh.timeline.activations(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert pipeline.timeline.events() == fresh.timeline.events()


def test_the_hop_can_be_set_for_activations_and_leaves_envelopes_alone() -> None:
    pipeline = Pipeline(RATE, [FakeActivation(), FakeEnvelope()], hop_s=0.1)
    run(pipeline, noise(8000), "all")
    np.testing.assert_allclose(np.diff(pipeline.timeline.activations()[0]), 0.1)
    np.testing.assert_allclose(np.diff(pipeline.timeline.envelopes()[0]), 0.004, atol=1e-9)
    with pytest.raises(ValueError, match=r"hop 0\.2 s does not fit the 0\.1 s windows of fake-activation"):
        Pipeline(RATE, [FakeActivation()], hop_s=0.2)


def test_moving_the_threshold_changes_what_follows_and_retracking_changes_all() -> None:
    signal = noise(40_000, amplitude=0.45)  # activations about 0.72
    pipeline = Pipeline(RATE, [FakeActivation()])
    pipeline.push(signal[:20_000])
    assert set(pipeline.timeline.view(2.5, 0.1).detected) == {"flute", "piano"}
    pipeline.set_threshold_offset(0.48)
    assert pipeline.thresholds == pytest.approx([0.98, 0.98])
    step = pipeline.push(signal[20_000:])
    pipeline.flush()
    assert step.detected == ()
    assert len(pipeline.timeline.events()) == 2
    pipeline.retrack()
    assert pipeline.timeline.events() == ()
    pipeline.set_threshold_offset(0.0)
    pipeline.retrack()
    assert [(e.label, e.onset_s, e.offset_s) for e in pipeline.timeline.events()] == [
        ("flute", 0.05, pytest.approx(4.925)),
        ("piano", 0.05, pytest.approx(4.925)),
    ]


def test_retracking_in_the_middle_leaves_the_tracker_where_it_was() -> None:
    signal = swell(4.0)
    plain, retracked = Pipeline(SOURCE_RATE, [FakeActivation()]), Pipeline(SOURCE_RATE, [FakeActivation()])
    for block in cut(signal, 4096):
        plain.push(block)
        retracked.push(block)
        retracked.retrack()
    assert plain.timeline.events() == retracked.timeline.events()
    assert plain.flush().events == retracked.flush().events


def moved(pipeline: Pipeline, offset: float) -> None:
    pipeline.set_threshold_offset(offset)
    pipeline.retrack_beside()


@pytest.mark.parametrize("gap", [0, 400_000])
@pytest.mark.parametrize("at", [10, 200])
def test_a_threshold_that_moves_live_counts_for_the_past_as_if_it_had_always_been_there(gap: int, at: int) -> None:
    blocks = list(cut(swell(30.0), 800))  # 1 200 windows
    steady = Pipeline(SOURCE_RATE, [FakeActivation()], max_pending=100)
    steady.set_threshold_offset(-0.3)
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation()], max_pending=100)
    for number, block in enumerate(blocks):
        index = 800 * number + (gap if number >= 150 else 0)
        if number == at:
            moved(pipeline, 0.2)  # a line that is dragged: only the last of its positions counts
            pipeline.push(blocks[0][:0])
            moved(pipeline, -0.3)
        for one in (steady, pipeline):
            one.push(block, index)
    assert not pipeline.retracking
    assert pipeline.timeline.events() == steady.timeline.events()
    assert len(steady.timeline.events()) > 10
    assert pipeline.flush().events == steady.flush().events


def test_the_past_is_tracked_again_a_little_with_each_block_so_that_sound_never_waits() -> None:
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation()])
    pipeline.push(swell(20.0))
    before = pipeline.timeline.events()
    moved(pipeline, -0.3)
    pushes = 0
    while pipeline.retracking:
        assert pipeline.timeline.events() == before, "a part of the new ones would be seen beside the old"
        pipeline.push(np.zeros(160, np.float32))
        pushes += 1
    assert pushes >= 5, "of 800 windows"
    assert pipeline.timeline.events() != before


def test_who_follows_the_events_hears_of_a_label_that_a_moved_threshold_puts_out() -> None:
    pipeline = Pipeline(RATE, [FakeActivation()], max_pending=5)
    blocks = list(cut(noise(4 * RATE, amplitude=0.4), RATE // 20))
    steps = [pipeline.push(block) for block in blocks[:40]]
    lit = steps[-1].detected
    assert lit
    assert not any(step.events for step in steps)
    moved(pipeline, 0.9)
    steps += [pipeline.push(block) for block in blocks[40:]]
    steps.append(pipeline.flush())
    heard = [event for step in steps for event in step.events]
    assert sorted(event.label for event in heard) == sorted(lit)
    assert all(event.offset_s is not None and event.onset_s < event.offset_s < 3.0 for event in heard)
    assert pipeline.timeline.events() == ()


def test_events_of_which_no_row_is_left_stay_when_a_threshold_moves() -> None:
    timeline, old, lit = Timeline(["flute"]), Event("flute", 3.0, 5.0, 0.9), np.ones(1, np.float32)
    timeline.append_events((old, Event("flute", 20.0, 20.2, 0.6)), ())
    for number in range(30):
        timeline.append_activations(np.array([20.0 + number / 10]), lit[None], lit[None])
    again = Retracking(timeline, LabelTracker(["flute"], {}, hop_s=0.1), [])
    assert again.work()
    assert again.events() == ((old,), (Event("flute", 20.0, None, 1.0),))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e38])
def test_damaged_samples_count_as_silence_or_are_clipped_and_do_not_spread(bad: float) -> None:
    signal = noise(8000)
    damaged = signal.copy()
    damaged[4000] = bad
    pipeline, plain = Pipeline(RATE, [FakeActivation(), FakeEnvelope()]), Pipeline(RATE, [FakeActivation()])
    pipeline.push(damaged)
    plain.push(signal)
    rows, wanted = pipeline.timeline.activations()[1], plain.timeline.activations()[1]
    assert np.isfinite(rows).all()
    np.testing.assert_array_equal(rows[:16, :2], wanted[:16])
    np.testing.assert_array_equal(rows[21:, :2], wanted[21:])
    assert np.isfinite(pipeline.timeline.envelopes()[1]).all()
    assert np.isfinite(pipeline.timeline.view(1.0, 1.0).spectrogram).all()


def test_the_stated_latency_is_the_sum_of_its_parts() -> None:
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation(), FakeEnvelope()])
    lag_ms = 1000 * soxr_lag(SOURCE_RATE, RATE) / RATE
    half_ms = 1000 * (pipeline.streams[0].spec.window_s + pipeline.streams[0].hop_s) / 2
    assert pipeline.latency_ms == pytest.approx(half_ms + 1000 * pipeline.tracker.delay_s + lag_ms)
    pipeline.push(noise(16_000))
    assert pipeline.latency_ms == pytest.approx(
        half_ms + 1000 * pipeline.tracker.delay_s + lag_ms + pipeline.stats.inference_ms_p50
    )


def test_the_stated_latency_of_an_envelope_is_the_mean_wait_for_a_complete_frame() -> None:
    pipeline = Pipeline(RATE, [FakeEnvelope()])
    waits, taken = [], 0
    for block in cut(noise(4 * RATE), 10):
        taken += len(block)
        waits += [taken / RATE - time_s for time_s, _ in pipeline.push(block).envelopes]
    stated_ms = pipeline.latency_ms - pipeline.stats.inference_ms_p50
    assert stated_ms == pytest.approx(1000 * np.mean(waits), abs=10 + 1000 * 10 / RATE)


def soxr_lag(source: int, target: int) -> int:
    from irec_live.streaming.resample import Resampler

    return Resampler(source, target).lag


def test_a_label_lights_within_the_stated_latency() -> None:
    """A sound that starts at 1 s and would be heard in full by any window that holds enough of it."""
    pipeline = Pipeline(SOURCE_RATE, [FakeActivation(("flute",))])
    signal = np.concatenate([np.zeros(SOURCE_RATE), noise(SOURCE_RATE, amplitude=1.0)]).astype(np.float32)
    taken = 0
    for block in cut(signal, 160):
        taken += len(block)
        if pipeline.push(block).detected:
            break
    assert taken / SOURCE_RATE - 1.0 <= pipeline.latency_ms / 1000 + 0.01 + 0.025  # + block + hop


def test_inference_time_is_that_of_a_hop_with_all_networks() -> None:
    pipeline = Pipeline(RATE, [FakeActivation(), FakeEnvelope()])
    pipeline.push(noise(4000))
    stats = pipeline.stats
    assert 0.0 < stats.inference_ms_p50 <= stats.inference_ms_p99 < 1000.0
    assert stats.providers == ("CPU", "CPU")


def test_views_can_be_left_out() -> None:
    pipeline = Pipeline(RATE, [FakeActivation()], spectrogram=False)
    pipeline.push(noise(8000))
    assert pipeline.timeline.view(1.0, 1.0).spectrogram.shape == (0, 96)


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="one activation model, one envelope model, or both"):
        Pipeline(RATE, [])
    with pytest.raises(ValueError, match="one activation model, one envelope model, or both"):
        Pipeline(RATE, [FakeActivation(), FakeActivation(("voice",))])
    with pytest.raises(ValueError, match="the timeline is for"):
        Pipeline(RATE, [FakeActivation()], timeline=Timeline(("voice",)))
    pipeline = Pipeline(RATE, [FakeActivation()])
    with pytest.raises(ValueError, match="int16"):
        pipeline.push(np.zeros(10, np.int16))
    pipeline.flush()
    with pytest.raises(ValueError, match="flushed"):
        pipeline.push(noise(10))


def test_an_executor_predicts_while_more_is_pushed_and_keeps_few_jobs_waiting() -> None:
    free = threading.Event()

    class Slow(FakeActivation):
        def __call__(self, windows: np.ndarray, /) -> np.ndarray:
            assert free.wait(PATIENCE_S)
            return super().__call__(windows)

    alone = Pipeline(RATE, [FakeActivation()])
    with ThreadPoolExecutor(1) as executor:
        shared = Pipeline(RATE, [Slow()], executor=executor, batch=4)
        early = shared.push(noise(RATE // 4))
        assert early.activations == ()
        free.set()
        run(shared, noise(3 * RATE, seed=2), 800)
    run(alone, np.concatenate([noise(RATE // 4), noise(3 * RATE, seed=2)]), "all")
    np.testing.assert_allclose(shared.timeline.activations()[1], alone.timeline.activations()[1], atol=1e-6)
    assert shared.timeline.events() == alone.timeline.events()


def test_silence_is_no_work_for_an_executor_and_rows_keep_their_order() -> None:
    jobs = []

    class Counting(ThreadPoolExecutor):
        def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
            jobs.append(arguments)
            return super().submit(*arguments, **options)

    models = [FakeActivation(), FakeEnvelope()]
    signal = np.concatenate([np.zeros(6 * RATE, np.float32), swell(4.0, RATE), np.zeros(6 * RATE, np.float32)])
    alone = Pipeline(RATE, models)
    run(alone, signal, RATE)
    with Counting(2) as executor:
        shared = Pipeline(RATE, models, executor=executor, batch=4)
        run(shared, signal[: 5 * RATE], RATE)
        assert not jobs
        shared.reset()
        run(shared, signal, RATE)
    assert jobs
    for name in ("activations", "envelopes"):
        for found, wanted in zip(getattr(shared.timeline, name)(), getattr(alone.timeline, name)(), strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert shared.timeline.events() == alone.timeline.events()


def test_what_fails_on_an_executor_is_heard_of() -> None:
    class Broken(FakeActivation):
        def __call__(self, windows: np.ndarray, /) -> np.ndarray:
            raise RuntimeError("out of order")

    with ThreadPoolExecutor(2) as executor:
        pipeline = Pipeline(RATE, [Broken()], executor=executor)
        with pytest.raises(RuntimeError, match="out of order"):
            run(pipeline, noise(RATE), 400)


@pytest.mark.parametrize("rate", [RATE, SOURCE_RATE])
@pytest.mark.parametrize("how", [7, 320, "random"])
def test_live_blocks_are_gathered_and_yet_no_window_is_late(rate: int, how: int | str) -> None:
    signal = noise(2 * rate, amplitude=0.4)
    model, other = FakeActivation(), FakeEnvelope()
    whole = Pipeline(rate, [model, other])
    run(whole, signal, "all")
    live = Pipeline(rate, [model, other], max_pending=50)
    lag_s = max(resampler.lag for resampler in live._resamplers.values()) / RATE
    waited, heard, longest = [], 0, 0
    for block in cut(signal, how):
        heard, longest = heard + len(block), max(longest, len(block))
        waited += [heard / rate - (time_s + model.spec.window_s / 2) for time_s, _ in live.push(block).activations]
    live.flush()
    for one, two in zip(live.timeline.activations(), whole.timeline.activations(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    for one, two in zip(live.timeline.envelopes(), whole.timeline.envelopes(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    assert max(waited) <= lag_s + longest / rate + 3e-3


def test_live_blocks_reach_the_networks_streams_when_a_window_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline(RATE, [FakeActivation()], max_pending=5)  # windows of 100 ms, 25 ms apart
    (stream,) = pipeline.streams
    pieces: list[int] = []
    take = stream.take
    monkeypatch.setattr(stream, "take", lambda samples: (pieces.append(samples.size), take(samples)))
    for block in np.split(noise(RATE), RATE // 8):
        pipeline.push(block)
    assert pieces[:3] == [round(0.1 * RATE), round(0.025 * RATE), round(0.025 * RATE)]
    assert len(pieces) == 37
