"""The ring buffer against a list of everything that was ever written."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest
from cuts import CUTS, cut

from irec_live.streaming.ring import RingBuffer


def counting(first: int, frames: int, channels: int = 1) -> np.ndarray:
    """Frames whose value is their absolute index, negative in odd channels."""
    index = np.arange(first, first + frames, dtype=np.float32)
    return index[:, None] * np.where(np.arange(channels) % 2, -1.0, 1.0).astype(np.float32)


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_read_is_what_was_written_whatever_the_blocks(how: int | str, channels: int) -> None:
    ring = RingBuffer(5000, channels)
    signal = counting(0, 4500, channels)
    read = []
    for block in cut(signal, how):
        assert ring.write(block) == 0
        if ring.write_index % 3 == 0:
            read.append(ring.read()[0])
    read.append(ring.read()[0])
    np.testing.assert_array_equal(np.concatenate(read), signal)
    assert ring.overflows == ring.lost_samples == 0


def test_a_long_random_history_agrees_with_a_plain_list() -> None:
    random = np.random.default_rng(3)
    ring = RingBuffer(100)
    written = read = lost = overflows = 0
    for _ in range(3000):
        frames = int(random.integers(0, 140))
        waiting = min(written, 100) if read < written - 100 else written - read
        expected_loss = max(0, waiting + frames - 100)
        assert ring.write(counting(written, frames)) == expected_loss
        written += frames
        lost += expected_loss
        overflows += expected_loss > 0
        if random.random() < 0.5:
            wanted = int(random.integers(0, 120))
            block, index = ring.read(wanted)
            assert index == max(read, written - 100)
            assert len(block) == min(wanted, written - index)
            np.testing.assert_array_equal(block[:, 0], np.arange(index, index + len(block)))
            read = index + len(block)
        assert (ring.write_index, ring.lost_samples, ring.overflows) == (written, lost, overflows)


def test_a_reader_that_fell_behind_continues_at_the_oldest_frame_that_stands() -> None:
    ring = RingBuffer(10)
    ring.write(counting(0, 8))
    assert ring.write(counting(8, 9)) == 7
    assert ring.available == 10
    block, index = ring.read()
    assert index == 7
    np.testing.assert_array_equal(block[:, 0], np.arange(7, 17))
    assert (ring.overflows, ring.lost_samples) == (1, 7)


def test_of_a_block_longer_than_the_buffer_the_end_is_kept() -> None:
    ring = RingBuffer(10)
    assert ring.write(counting(0, 25)) == 15
    block, index = ring.read()
    assert index == 15
    np.testing.assert_array_equal(block[:, 0], np.arange(15, 25))


def test_reading_copies_so_later_writes_do_not_change_it() -> None:
    ring = RingBuffer(4)
    ring.write(counting(0, 4))
    block, _ = ring.read()
    ring.write(counting(4, 4))
    np.testing.assert_array_equal(block[:, 0], [0, 1, 2, 3])


def test_reset_equals_new() -> None:
    ring = RingBuffer(10)
    ring.write(counting(0, 25))
    ring.reset()
    assert (ring.available, ring.write_index, ring.read_index, ring.overflows, ring.lost_samples) == (0, 0, 0, 0, 0)
    ring.write(counting(0, 3))
    np.testing.assert_array_equal(ring.read()[0], counting(0, 3))


def test_writing_allocates_no_arrays() -> None:
    """The callback's rule. What remains are view objects, some hundred bytes, freed at once."""
    ring = RingBuffer(48_000, 2)
    block = counting(0, 4096, 2)  # 32 kB
    ring.write(block)
    tracemalloc.start()
    try:
        for _ in range(50):
            ring.write(block)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4096


def test_a_slow_reader_never_gets_torn_data_from_a_fast_writer() -> None:
    """Every value names its own index, so a frame that was overwritten during the copy would show."""
    ring = RingBuffer(4096, 2)
    stop = threading.Event()

    def write() -> None:
        index = 0
        while not stop.is_set():
            ring.write((np.arange(index, index + 1500, dtype=np.float32) % 65_536)[:, None] * np.float32([1, -1]))
            index += 1500

    writer = threading.Thread(target=write)
    writer.start()
    try:
        frames, next_index, rounds = 0, 0, 0
        while rounds < 1500 or (frames < 200_000 and rounds < 100_000):
            block, index = ring.read()
            assert index >= next_index
            expected = np.arange(index, index + len(block)) % 65_536
            np.testing.assert_array_equal(block[:, 0], expected)
            np.testing.assert_array_equal(block[:, 1], -expected)
            next_index = index + len(block)
            frames += len(block)
            rounds += 1
    finally:
        stop.set()
        writer.join(5)
    assert frames >= 200_000


def test_a_copy_that_the_writer_laps_drops_the_suspect_frames() -> None:
    """The writer announces what it will overwrite before it does; here it is caught in between."""
    ring = RingBuffer(10)
    ring.write(counting(0, 10))
    ring._claimed = 13  # as in the middle of writing frames 10, 11, 12
    block, index = ring.read()
    assert index == 3
    np.testing.assert_array_equal(block[:, 0], np.arange(3, 10))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="2 channels was given a block of 1"):
        RingBuffer(10, 2).write(counting(0, 3))
    with pytest.raises(ValueError, match="capacity >= 1"):
        RingBuffer(0)
