"""The queue in front of the models: who comes first, and what waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from waiting import PATIENCE_S, wait_until

from irec_live.web import fairness
from irec_live.web.fairness import BatchQueue, FairPool


@pytest.fixture
def pool() -> Iterator[FairPool]:
    pool = FairPool(1)
    yield pool
    pool.close()


class Batches:
    """Notes in which order batches are run, each as long as it is told."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self._gate = threading.Event()

    def hold(self, queue: BatchQueue) -> None:
        """Keep the pool busy until `release`."""
        queue.submit(self._gate.wait, 60)

    def release(self) -> None:
        self._gate.set()

    def add(self, queue: BatchQueue, name: str, count: int, seconds: float = 0.002) -> list[fairness.Future[None]]:
        def run() -> None:
            time.sleep(seconds)
            self.order.append(name)

        return [queue.submit(run) for _ in range(count)]


def test_a_short_file_passes_a_long_one(pool: FairPool) -> None:
    batches, long, short = Batches(), pool.queue(), pool.queue()
    long.had_s = 100.0  # whatever the machine's moods, it has had more
    batches.hold(long)
    waiting = batches.add(long, "long", 30)
    waiting += batches.add(short, "short", 3)
    batches.release()
    for future in waiting:
        future.result(PATIENCE_S)
    assert [place for place, name in enumerate(batches.order) if name == "short"][-1] <= 6
    assert len(batches.order) == 33


def test_a_long_file_goes_on_however_many_short_ones_come(pool: FairPool) -> None:
    batches, gate, long = Batches(), pool.queue(), pool.queue()
    long.had_s = 100.0
    batches.hold(gate)
    (waiting,) = batches.add(long, "long", 1)
    many = [future for _ in range(20) for future in batches.add(pool.queue(), "short", 1)]
    batches.release()
    waiting.result(PATIENCE_S)
    for future in many:
        future.result(PATIENCE_S)
    assert batches.order.index("long") <= 4


def test_an_analysis_does_not_run_ahead_of_its_lane(pool: FairPool) -> None:
    batches, queue = Batches(), pool.queue()
    batches.hold(queue)
    decoded = 0

    def decode() -> None:
        nonlocal decoded
        for _ in range(10):
            decoded += 1
            batches.add(queue, "x", 1)
            queue.pace(1.0 * decoded, lambda: False)

    thread = threading.Thread(target=decode)
    thread.start()
    wait_until(lambda: decoded == 3 and queue.asked is not None)
    thread.join(0.15)
    assert decoded == 3
    batches.release()
    thread.join(PATIENCE_S)
    assert decoded == 10
    assert queue.waited_s > 0.1


def test_as_many_decode_as_there_are_threads_and_who_had_least_comes_first(pool: FairPool) -> None:
    queues = [pool.queue() for _ in range(4)]
    for place, queue in enumerate(queues):
        queue.had_s = 10.0 - place
    queues[0].pace(0.0, lambda: False)  # the one leave there is
    order: list[int] = []

    def decode(place: int) -> None:
        queues[place].pace(0.0, lambda: False)
        order.append(place)
        queues[place].shutdown()

    threads = [threading.Thread(target=decode, args=(place,)) for place in (1, 2, 3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: all(queue.asked is not None for queue in queues[1:]))
    assert order == []
    queues[0].shutdown()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == [3, 2, 1]
    stuck = pool.queue()
    stuck.pace(0.0, lambda: False)  # it is free again, and now hangs
    stuck.pass_on()
    pool.queue().pace(0.0, lambda: False)


def test_only_so_many_are_long_at_once(pool: FairPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fairness, "LONG_AT_ONCE", 1)
    pool._free = 3
    first, second = pool.queue(), pool.queue()
    first.pace(fairness.LONG_S, lambda: False)
    given_up = threading.Event()
    waiting = threading.Thread(target=lambda: second.pace(fairness.LONG_S, given_up.is_set))
    waiting.start()
    pool.queue().pace(1.0, lambda: False)  # what is short goes on
    waiting.join(0.3)
    assert waiting.is_alive()
    first.shutdown()
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()


def test_what_is_given_up_leaves_the_queue(pool: FairPool) -> None:
    batches, gate, queue = Batches(), pool.queue(), pool.queue()
    batches.hold(gate)
    left = batches.add(queue, "x", 5)
    assert pool.waiting >= 5
    queue.shutdown()
    assert all(future.cancelled() for future in left)
    assert queue.submit(print).cancelled()
    batches.release()
    assert batches.order == []


def test_an_error_reaches_whoever_waits_and_nobody_else(pool: FairPool) -> None:
    queue = pool.queue()
    failing, fine = queue.submit(int, "x"), queue.submit(int, "7")
    with pytest.raises(ValueError, match="invalid literal"):
        failing.result(PATIENCE_S)
    assert fine.result(PATIENCE_S) == 7
