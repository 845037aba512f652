"""Hours of results: kept on the disk, summarised for views, in a memory that does not grow."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from waiting import PATIENCE_S

from irec_live.results import Event
from irec_live.streaming.event_store import EventStore
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.row_store import RowStore
from irec_live.streaming.row_summary import SummarisedRows

EVERYTHING = (-np.inf, np.inf)


def numbered(count: int, width: int = 2) -> tuple[np.ndarray, np.ndarray]:
    times = 0.1 * np.arange(count)
    return times, np.stack([np.arange(count, dtype=np.float32)] * width, axis=1)


def test_rows_on_the_disk_read_as_they_were_written() -> None:
    file = HistoryFile()
    stores = [RowStore(2, history=file), RowStore(2, np.uint8, history=file)]
    times, rows = numbered(10_000)
    for first in range(0, 10_000, 777):
        for store in stores:
            store.append(times[first : first + 777], rows[first : first + 777] % 251)
    file.drain()
    assert [store.in_memory for store in stores] == [1, 1], "all but the newest rows are on the disk"
    for store in stores:
        got_times, got = store.between(123.0, 876.5)
        np.testing.assert_array_equal(got_times, times[1230:8766])
        np.testing.assert_array_equal(got, rows[1230:8766] % 251)
        np.testing.assert_array_equal(store.last_before(300.04), rows[3000] % 251)
    file.close()


def test_rows_can_be_read_on_from_any_moment_a_chunk_at_a_time() -> None:
    file = HistoryFile()
    store, (times, rows) = RowStore(2, history=file), numbered(5000)
    store.append(times, rows)
    file.drain()
    read, reached_s = [], 99.95
    while len(found := store.after(reached_s)[0]):
        read.append(found)
        reached_s = float(found[-1])
    np.testing.assert_array_equal(np.concatenate(read), times[1000:])
    assert max(map(len, read)) <= 1024
    file.close()


def test_silence_on_the_disk_reads_as_silence() -> None:
    file = HistoryFile()
    store, (times, rows) = RowStore(3, history=file), numbered(5000, 3)
    rows[1024:3072] = 0.0
    store.append(times, rows)
    file.drain()
    np.testing.assert_array_equal(store.between(*EVERYTHING)[1], rows)
    assert file.size == 4 * 1024 * 8 + 2 * 1024 * 12, "silence takes the room of its times"
    file.close()


def test_readers_see_every_row_while_rows_move_to_the_disk() -> None:
    file = HistoryFile()
    store = RowStore(4, np.float64, history=file)
    stop, errors = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            times, rows = store.between(*EVERYTHING)
            if not (rows == times[:, None]).all() or not np.array_equal(times, np.arange(len(times))):
                errors.append(times)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for index in range(12_000):
        store.append((float(index),), np.full((1, 4), float(index)))
    stop.set()
    for reader in readers:
        reader.join(PATIENCE_S)
    file.close()
    assert not errors


def test_a_disk_that_cannot_be_written_costs_the_oldest_rows_and_says_so(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / "missing")
    store, (times, rows) = RowStore(2, history=file), numbered(1025)
    store.append(times, rows)
    file.drain()
    assert "cannot be kept on the disk" in file.problem
    more = 0.1 * np.arange(1025, 20_000)
    store.append(more, np.ones((len(more), 2), np.float32))
    kept, _ = store.between(*EVERYTHING)
    assert kept[-1] == more[-1]
    assert more[-1] - 900.0 < kept[0] <= more[-1] - 600.0
    file.close()


def test_a_closed_history_reads_as_empty_and_can_be_closed_again() -> None:
    file = HistoryFile()
    store, (times, rows) = RowStore(2, history=file), numbered(3000)
    store.append(times, rows)
    file.drain()
    file.close()
    file.close()
    assert len(store.between(*EVERYTHING)[0]) == 3000 - 2048
    store.append(times + 1000.0, rows)  # stays in memory
    assert len(store.between(1000.0, np.inf)[0]) == 3000


@pytest.mark.skipif(sys.platform == "win32", reason="there the system deletes the file by its name")
def test_a_history_leaves_nothing_behind_when_the_app_is_killed(tmp_path: Path) -> None:
    code = """
import os, sys, numpy as np
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.row_store import RowStore
file = HistoryFile(sys.argv[1])
RowStore(2, history=file).append(np.arange(4000.0), np.ones((4000, 2), np.float32))
file.drain()
assert file.size > 40_000
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [3, 4, 17, 1000, 20_001])
def test_a_summary_keeps_peaks_and_the_newest_rows(count: int) -> None:
    random = np.random.default_rng(count)
    times, rows = 0.1 * np.arange(count), random.random((count, 3)).astype(np.float32)
    store, at = SummarisedRows(3), 0
    while at < count:
        step = int(random.integers(1, 300))
        store.append(times[at : at + step], rows[at : at + step])
        at += step
    for most in (100_000, 500, 50):
        got_times, got = store.between(*EVERYTHING, most)
        # The newest partial row is one more; how many there are is estimated.
        assert len(got) <= 1.5 * most + 1
        assert (np.diff(got_times) > 0).all()
        np.testing.assert_array_equal(got.max(axis=0), rows.max(axis=0))
        assert set(got.ravel().tolist()) <= set(rows.ravel().tolist())
        assert times[-1] - got_times[-1] <= times[-1] * 4 / most + 0.4
        middle = got_times[len(got) // 2]
        near = np.abs(times - middle) <= times[-1] * 2 / most + 0.1
        assert (got[len(got) // 2] <= rows[near].max(axis=0)).all(), "a peak stays where it was"


def test_events_of_a_span_equal_a_search_through_all() -> None:
    random = np.random.default_rng(5)
    store, made = EventStore(), []
    offset_s = 0.0
    for _ in range(3000):
        offset_s += float(random.exponential(1.0))
        made.append(Event("flute", max(0.0, offset_s - float(random.exponential(20.0))), offset_s, 0.5))
        store.append([made[-1]], (Event("piano", offset_s, None, 0.4),))
    made.append(Event("piano", offset_s, None, 0.4))
    for from_s, to_s in ((0.0, 10.0), (500.0, 520.0), (-5.0, -1.0), (offset_s - 1, offset_s + 1), EVERYTHING):
        wanted = [e for e in made if e.onset_s <= to_s and (e.offset_s is None or e.offset_s >= from_s)]
        assert store.overlapping(from_s, to_s) == tuple(sorted(wanted, key=lambda event: event.onset_s))


def test_ten_hours_take_no_more_memory_than_minutes() -> None:
    """What thirteen instruments leave in ten hours, 300 MB, through a timeline; its peak use of memory stays small."""
    code = """
import resource, numpy as np
from irec_live.results import Event
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.timeline import Timeline
labels = [f"instrument {k}" for k in range(13)]
file = HistoryFile()
timeline = Timeline(labels, history=file)
random = np.random.default_rng(0)
rows = random.random((600, 13)).astype(np.float32)
frames, columns = random.random((2584, 13)).astype(np.float32), random.uniform(-90, 0, (2584, 96)).astype(np.float32)
def minute(number):
    start = 60.0 * number
    for index in range(600):
        if number % 20 == 0:
            timeline.append_activations(np.array([start + 0.1 * index]), rows[index][None], rows[index][None])
    if number % 20:
        timeline._activations.append(start + 0.1 * np.arange(600), np.concatenate([rows, rows], axis=1))
    timeline.append_envelope(start + np.arange(2584) * 60 / 2584, frames)
    timeline.append_spectrogram(start + np.arange(2584) * 60 / 2584, columns)
    timeline.append_levels(start + 0.05 * np.arange(1200), np.zeros((1200, 2), np.float32))
    timeline.append_events([Event(labels[k], start + k, start + k + 30, 0.9) for k in range(13)], ())
    file.drain()
def look(end):
    timeline.view(end, end, 4096)
    timeline.view(end / 2, 15.0, 4096)
    timeline.peak_activation(np.linspace(0.0, end, 1201))
    timeline.peak_level(np.linspace(0.0, end, 1201))
for number in range(10):
    minute(number)
look(600.0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for number in range(10, 600):
    minute(number)
look(36000.0)
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
view = timeline.view(36000.0, 36000.0, 4096)
print(grown, file.size / 1e6, len(timeline.activations()[0]))
print(len(view.activation), len(view.spectrogram), len(view.events))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    grown_mb, size_mb, rows, shown, columns, events = (float(word) for word in done.stdout.split())
    assert rows == 360_000
    assert 1000 <= shown <= 4500
    assert 1000 <= columns <= 4500
    assert events == 7800
    assert size_mb > 250
    assert grown_mb < 40, f"{grown_mb} MB more after ten hours"


def test_copies_of_many_hours_stay_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_live.streaming.row_store._LARGE_BYTES", 4096)
    file = HistoryFile()
    store, (times, rows) = RowStore(3, history=file), numbered(5000, 3)
    rows[1024:3072] = 0.0
    store.append(times, rows)
    got_times, got = store.between(*EVERYTHING)
    file.close()
    np.testing.assert_array_equal(got_times, times)
    np.testing.assert_array_equal(got, rows)
    assert isinstance(got, np.memmap) == hasattr(os, "posix_fallocate")
    got[0] = 7.0  # it may be written to, as any copy
    other = HistoryFile()
    full = RowStore(3, history=other)
    full.append(times, rows)
    monkeypatch.setattr("os.posix_fallocate", _no_room, raising=False)
    np.testing.assert_array_equal(full.between(*EVERYTHING)[1], rows)
    other.close()


def _no_room(_file: int, _offset: int, _size: int) -> None:
    raise OSError(28, "No space left on device")
