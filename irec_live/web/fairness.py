"""Fair sharing of the machine: few analyses go on at a time, and one pool of threads runs the networks for all.

::

    analysis (its own thread: decode, resample, track) --submit(batch)--> its queue --.
    analysis ...                                       --submit(batch)--> its queue --+--> FairPool: its threads
    analysis ...                                       --submit(batch)--> its queue --'    take the next batch

The next batch is that of the analysis which has had the least so far, so that a short file passes long ones as soon as
a batch is done, whatever came before it. Every fourth turn goes to the batch that has waited longest: long files go on,
however many short ones come. In the same order as many analyses as there are threads may decode, a second of sound at
a time: all at once, they would leave no moment to whatever else this process does. An analysis decodes only a few
batches ahead of its queue, and only so many may be long at once, which bounds the memory of all.

References
----------
L. E. Schrage, "The queue M/G/1 with feedback to lower priority queues", Management Science 13(7), 1967: least attained
service first.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

LONG_S = 600.0
"""Seconds of sound from which an analysis counts as long: its curves take megabytes."""
LONG_AT_ONCE = 4
"""Long analyses that go on at a time; the others wait where they are."""

_AHEAD = 3  # batches that wait in a queue before its analysis stops decoding
_OLDEST_EVERY = 4  # turns
_LOOK_S = 0.2  # how soon one that waits sees that it was cancelled


class FairPool:
    """Threads that run batches of several analyses, and leave to decode, in a fair order.

    Parameters
    ----------
    threads : int, optional
        As many as there are processors by default.
    """

    def __init__(self, threads: int | None = None) -> None:
        count = threads or os.cpu_count() or 1
        # NB: guards everything below and in the queues; whoever holds it does nothing that takes time.
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._queues: list[BatchQueue] = []
        self._long: set[BatchQueue] = set()
        self._turns = self._leaves = 0
        self._free = count
        self._closed = False
        for number in range(count):
            # Daemon: a network that does not come to an end must not keep the process alive.
            threading.Thread(target=self._run, name=f"irec-infer-{number}", daemon=True).start()

    def queue(self) -> BatchQueue:
        """A new queue, for one analysis; `BatchQueue.shutdown` gives it back."""
        queue = BatchQueue(self)
        with self._lock:
            self._queues.append(queue)
        return queue

    @property
    def waiting(self) -> int:
        """Batches that wait. Any thread."""
        with self._lock:
            return sum(len(queue.batches) for queue in self._queues)

    def close(self) -> None:
        """End the threads, each after its present batch; what waits is cancelled."""
        with self._lock:
            self._closed = True
            queues = tuple(self._queues)
            self._filled.notify_all()
        for queue in queues:
            queue.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._closed and not any(queue.batches for queue in self._queues):
                    self._filled.wait()
                if self._closed:
                    return
                self._turns += 1
                ready = [queue for queue in self._queues if queue.batches]
                queue = _next(ready, self._turns, lambda queue: queue.batches[0][0])
                _, future, work = queue.batches.popleft()
                queue.running += 1
            began = time.monotonic()
            _do(future, work)
            del work, future
            with self._lock:
                queue.running -= 1
                queue.had_s += time.monotonic() - began
                self._give_leave()

    def add(self, queue: BatchQueue, future: Future[Any], work: Callable[[], Any]) -> None:
        """Of `BatchQueue` alone: another batch."""
        with self._lock:
            if self._closed or queue not in self._queues:
                future.cancel()
                return
            queue.batches.append((time.monotonic(), future, work))
            self._filled.notify()

    def ask(self, queue: BatchQueue, seconds: float) -> bool:
        """Of `BatchQueue` alone: end the leave to decode, ask for the next; whether there is any point in waiting."""
        with self._lock:
            self._take_leave(queue)
            if self._closed or queue not in self._queues:
                return False
            queue.seconds, queue.asked = seconds, time.monotonic()
            queue.leave.clear()
            self._give_leave()
            return True

    def pass_on(self, queue: BatchQueue) -> None:
        """Of `BatchQueue` alone: end the leave to decode."""
        with self._lock:
            self._take_leave(queue)
            self._give_leave()

    def drop(self, queue: BatchQueue) -> None:
        """Of `BatchQueue` alone: all that it has."""
        with self._lock:
            left = [future for _, future, _ in queue.batches]
            queue.batches.clear()
            self._long.discard(queue)
            self._take_leave(queue)
            if queue in self._queues:
                self._queues.remove(queue)
            queue.leave.set()
            self._give_leave()
        for future in left:
            future.cancel()

    def _take_leave(self, queue: BatchQueue) -> None:
        queue.asked = None
        if queue.since is not None:
            queue.had_s += time.monotonic() - queue.since
            queue.since = None
            self._free += 1

    def _give_leave(self) -> None:
        """Let decode whoever may."""
        while self._free > 0:
            ready = [queue for queue in self._queues if queue.asked is not None and self._may_go_on(queue)]
            if not ready:
                return
            self._leaves += 1
            queue = _next(ready, self._leaves, lambda queue: queue.asked or 0.0)
            if queue.seconds >= LONG_S:
                self._long.add(queue)
            queue.asked, queue.since = None, time.monotonic()
            self._free -= 1
            queue.leave.set()

    def _may_go_on(self, queue: BatchQueue) -> bool:
        if len(queue.batches) + queue.running > _AHEAD:
            return False
        return queue.seconds < LONG_S or queue in self._long or len(self._long) < LONG_AT_ONCE


class BatchQueue(Executor):
    """The batches of one analysis, for `irec_live.analyze` as its executor.

    Attributes
    ----------
    batches : deque of (float, Future, callable)
        That wait, each with the time since when. Like all but the last of these, the pool's, under its lock.
    running : int
        Batches that are run now.
    had_s : float
        Seconds that its batches and its decoding have taken.
    seconds : float
        Of sound so far.
    asked : float or None
        Since when it waits for leave to decode.
    since : float or None
        Since when it has it.
    leave : threading.Event
        Set when it has it, or need not wait any more.
    waited_s : float
        Seconds that its analysis stood still for others.
    """

    def __init__(self, pool: FairPool) -> None:
        self._pool = pool
        self.batches: deque[tuple[float, Future[Any], Callable[[], Any]]] = deque()
        self.running = 0
        self.had_s = 0.0
        self.seconds = 0.0
        self.asked: float | None = None
        self.since: float | None = None
        self.leave = threading.Event()
        self.waited_s = 0.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`."""
        future: Future[Any] = Future()
        self._pool.add(self, future, lambda: fn(*args, **kwargs))
        return future

    def pace(self, seconds: float, given_up: Callable[[], bool]) -> None:
        """Wait for the turn to decode more. Of the analysis' own thread, before it begins and after every block.

        Parameters
        ----------
        seconds : float
            Of sound so far.
        given_up : callable
            Whether nobody waits for the analysis any more.
        """
        began = time.monotonic()
        if self._pool.ask(self, seconds):
            while not given_up() and not self.leave.wait(_LOOK_S):
                pass
        self.waited_s += time.monotonic() - began

    def pass_on(self) -> None:
        """Let others decode, although this analysis may still do so: it hangs. Any thread."""
        self._pool.pass_on(self)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Give the queue back; what waits in it is cancelled."""
        self._pool.drop(self)


def _next(ready: Sequence[BatchQueue], turn: int, since: Callable[[BatchQueue], float]) -> BatchQueue:
    """Whose turn it is: who has had the least, or every fourth time who has waited longest."""
    if turn % _OLDEST_EVERY == 0:
        return min(ready, key=since)
    return min(ready, key=lambda queue: (queue.had_s, since(queue)))


def _do(future: Future[Any], work: Callable[[], Any]) -> None:
    """Run a batch; whatever it raises goes to whoever waits for it."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - as concurrent.futures does
        future.set_exception(error)
    else:
        future.set_result(result)
