"""The timeline against plain arrays, bounded, and under a writer and readers at once."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from irec_live.results import SILENCE_DB, Event, Snapshot
from irec_live.streaming.row_store import RowStore
from irec_live.streaming.timeline import Timeline

LABELS = ("flute", "piano")


def filled(rows: int, hop_s: float = 0.1, keep_s: float | None = None) -> Timeline:
    timeline = Timeline(LABELS, keep_s=keep_s)
    for index in range(rows):
        row = np.float32([index, -index])
        timeline.append_activations(np.array([0.5 + hop_s * index]), row[None], row[None] / 2)
    return timeline


@pytest.mark.parametrize(
    ("from_s", "to_s"), [(0, 1e9), (-5, 0.1), (3.3, 3.3), (99.95, 250.0), (102.4, 102.5), (500, 600)]
)
def test_any_stretch_equals_a_mask_over_everything(from_s: float, to_s: float) -> None:
    times = np.sort(np.random.default_rng(0).uniform(0, 300, 5000))
    times[100:103] = 3.3
    times.sort()
    rows = np.random.default_rng(1).random((5000, 3)).astype(np.float32)
    store = RowStore(3)
    for first in range(0, 5000, 77):
        store.append(times[first : first + 77], rows[first : first + 77])
    inside = (times >= from_s) & (times <= to_s)
    got_times, got_rows = store.between(from_s, to_s)
    np.testing.assert_array_equal(got_times, times[inside])
    np.testing.assert_array_equal(got_rows, rows[inside])
    assert len(store) == 5000


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 3000])
def test_the_last_row_before_a_moment_is_found_in_any_chunk(count: int) -> None:
    store = RowStore(1)
    store.append(np.arange(count, dtype=float), np.arange(count, dtype=np.float32)[:, None])
    for time_s in (-0.5, 0.0, 511.5, 1023.0, 1023.5, 1024.0, 2999.5, 1e9):
        expected = min(int(np.floor(time_s)), count - 1)
        row = store.last_before(time_s)
        assert (None if row is None else int(row[0])) == (None if expected < 0 else expected)


def test_views_are_copies() -> None:
    timeline = filled(10)
    timeline.view(1.0, 1.0).activation[:] = 99.0
    assert timeline.view(1.0, 1.0).activation.max() < 99.0


def test_a_view_builds_a_snapshot() -> None:
    snapshot = Snapshot(labels=LABELS, time_s=1.0, span_s=0.35, **filled(20).view(1.0, 0.35).fields())
    np.testing.assert_allclose(snapshot.activation_times, [0.7, 0.8, 0.9, 1.0])
    np.testing.assert_allclose(snapshot.smoothed, snapshot.activation / 2)
    assert snapshot.envelope.shape == (0, 2)
    assert snapshot.spectrogram.shape == (0, 96)
    assert snapshot.level_db == SILENCE_DB


def test_a_bounded_timeline_forgets_the_old_and_keeps_what_was_promised() -> None:
    timeline = filled(20_000, keep_s=60.0)
    times, raw, _ = timeline.activations()
    newest = 0.5 + 0.1 * 19_999
    assert times[-1] == pytest.approx(newest)
    assert times[0] <= newest - 60.0
    assert len(times) <= 600 + 2 * 1024
    np.testing.assert_array_equal(raw[:, 0], np.arange(20_000 - len(times), 20_000))


def test_an_unbounded_timeline_keeps_everything() -> None:
    times, raw, smoothed = filled(5000).activations()
    assert len(times) == 5000
    np.testing.assert_array_equal(raw[:, 1], -np.arange(5000))
    np.testing.assert_array_equal(smoothed, raw / 2)


def test_spectrogram_levels_survive_to_half_a_step() -> None:
    timeline = Timeline(LABELS, bands=4)
    columns = np.random.default_rng(0).uniform(-100, 0, (50, 4)).astype(np.float32)
    timeline.append_spectrogram(np.arange(50) * 0.02, columns)
    np.testing.assert_allclose(timeline.view(1.0, 1.0).spectrogram, columns, atol=100 / 255 / 2 + 1e-4)
    timeline.append_spectrogram(np.array([2.0]), np.float32([[-300, 0, 30, -100]]))
    np.testing.assert_allclose(timeline.view(2.0, 0.1).spectrogram, [[-100, 0, 0, -100]], atol=1e-4)


def test_events_that_touch_a_view_are_in_it_and_no_others() -> None:
    timeline = filled(100)
    done = [Event("flute", 1.0, 2.0, 0.9), Event("piano", 1.5, 4.0, 0.8), Event("flute", 6.0, 7.0, 0.7)]
    timeline.append_events(done, (Event("piano", 8.0, None, 0.6),))
    assert timeline.view(5.0, 1.0).events == (done[1],)
    assert timeline.view(1.2, 0.5).events == (done[0],)
    assert [e.onset_s for e in timeline.events()] == [1.0, 1.5, 6.0, 8.0]
    assert timeline.view(9.0, 0.5).events[0].offset_s is None


def test_detected_are_the_labels_that_sound_at_that_moment_the_strongest_first() -> None:
    timeline = Timeline(LABELS)
    for index in range(100):
        row = np.float32([0.6, 0.9])
        timeline.append_activations(np.array([0.1 * index]), row[None], row[None])
    timeline.append_events(
        [Event("flute", 1.0, 3.0, 0.6), Event("piano", 2.0, 4.0, 0.9)], (Event("flute", 8.0, None, 0.6),)
    )
    detected = [timeline.view(time_s, 1.0).detected for time_s in (0.5, 1.5, 2.5, 3.5, 5.0, 9.0)]
    assert detected == [(), ("flute",), ("piano", "flute"), ("piano",), (), ("flute",)]


def test_replaced_events_leave_nothing_of_the_old() -> None:
    timeline = filled(10)
    timeline.append_events([Event("flute", 1.0, 2.0, 0.9)], (Event("piano", 3.0, None, 0.5),))
    timeline.replace_events([Event("piano", 0.5, 0.7, 0.9)], ())
    assert timeline.events() == (Event("piano", 0.5, 0.7, 0.9),)


def test_the_level_is_the_last_before_the_moment() -> None:
    timeline = Timeline(LABELS)
    timeline.append_levels(np.array([0.05, 0.10, 0.15]), np.float32([[-30, -20], [-31, -21], [-32, -22]]))
    view = timeline.view(0.12, 1.0)
    assert (view.level_db, view.peak_db) == (-31.0, -21.0)


def test_peaks_of_slices_equal_a_loop() -> None:
    timeline = filled(1000)
    times, _, smoothed = timeline.activations()
    edges = np.linspace(0.0, 150.0, 301)  # the last third of the slices has no rows yet
    got = timeline.peak_activation(edges)
    for index in range(300):
        inside = (times >= edges[index]) & (times < edges[index + 1])
        if inside.any():
            np.testing.assert_array_equal(got[index], smoothed[inside].max(axis=0))
        else:
            assert np.isnan(got[index]).all()


def test_clear_equals_new() -> None:
    timeline = filled(2000)
    timeline.append_events([Event("flute", 1.0, 2.0, 0.9)], ())
    timeline.clear()
    view = timeline.view(100.0, 200.0)
    assert (len(view.activation), view.events, view.detected) == (0, (), ())
    row = np.float32([1, 2])
    timeline.append_activations(np.array([0.5]), row[None], row[None])
    assert len(timeline.view(1.0, 1.0).activation) == 1


def test_readers_see_only_whole_rows_while_the_writer_writes() -> None:
    """Each row holds its own time in every column; a row seen half written would not."""
    store = RowStore(4, np.float64, keep_s=50.0)
    stop, errors = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            times, rows = store.between(-np.inf, np.inf)
            if not (rows == times[:, None]).all() or not (np.diff(times) > 0).all():
                errors.append(times)
            row = store.last_before(np.inf)
            if row is not None and len(set(row.tolist())) != 1:
                errors.append(row)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for index in range(20_000):
        store.append((0.1 * index,), np.full((1, 4), 0.1 * index))
    stop.set()
    for reader in readers:
        reader.join(5)
    assert not errors


def test_a_timeline_without_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="needs labels"):
        Timeline(())


def test_silence_takes_no_more_room_than_a_row_and_reads_as_it_was() -> None:
    store, rows = RowStore(3), np.zeros((5000, 3), np.float32)
    rows[[0, 1500, 4999], 1] = 1.0
    for first in range(0, len(rows), 700):
        store.append(np.arange(first, min(first + 700, 5000), dtype=float), rows[first : first + 700])
    np.testing.assert_array_equal(store.between(-np.inf, np.inf)[1], rows)
    np.testing.assert_array_equal(store.between(900.0, 3200.0)[1], rows[900:3201])
    assert store.last_before(2500.0) == pytest.approx(0.0)
    assert sum(chunk.load()[1].strides[0] == 0 for chunk in store._chunks) == 2
