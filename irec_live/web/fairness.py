"""Fair sharing of the models: one pool of threads runs the networks for all analyses, a batch of windows at a time.

::

    analysis (its own thread: decode, resample, track) --submit(batch)--> its lane --.
    analysis ...                                       --submit(batch)--> its lane ---+--> FairPool: its threads
    analysis ...                                       --submit(batch)--> its lane --'     take the next batch

The next batch is that of the analysis which has had the least so far, so that a short file passes long ones as soon as
a batch is done, whatever came before it. Every fourth turn goes to the batch that has waited longest: long files go on,
however many short ones come. An analysis decodes only a few batches ahead of its lane, and only so many may be long at
once, which bounds the memory of all.

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
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

LONG_S = 600.0
"""Seconds of sound from which an analysis counts as long: its curves take megabytes."""
LONG_AT_ONCE = 4
"""Long analyses that go on at a time; the others wait where they are."""

_AHEAD = 3  # batches that wait in a lane before its analysis stops decoding
_OLDEST_EVERY = 4  # turns
_LOOK_S = 0.1  # how soon one that waits sees that it was cancelled


class FairPool:
    """Threads that run batches of several analyses, in a fair order.

    Parameters
    ----------
    threads : int, optional
        As many as there are processors by default.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._changed = threading.Condition()
        self._lanes: list[Lane] = []
        self._long: set[Lane] = set()
        self._turns = 0
        self._closed = False
        for number in range(threads or os.cpu_count() or 1):
            # Daemon: a network that does not come to an end must not keep the process alive.
            threading.Thread(target=self._run, name=f"irec-predict-{number}", daemon=True).start()

    def lane(self) -> Lane:
        """A new lane, for one analysis; `Lane.shutdown` gives it back."""
        lane = Lane(self)
        with self._changed:
            self._lanes.append(lane)
        return lane

    @property
    def waiting(self) -> int:
        """Batches that wait. Any thread."""
        with self._changed:
            return sum(len(lane.batches) for lane in self._lanes)

    def close(self) -> None:
        """End the threads, each after its present batch; what waits is cancelled."""
        with self._changed:
            self._closed = True
            lanes = tuple(self._lanes)
            self._changed.notify_all()
        for lane in lanes:
            lane.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not any(lane.batches for lane in self._lanes):
                    self._changed.wait()
                if self._closed:
                    return
                lane = self._next()
                _, future, work = lane.batches.popleft()
                lane.running += 1
            began = time.monotonic()
            _do(future, work)
            del work, future
            with self._changed:
                lane.running -= 1
                lane.had_s += time.monotonic() - began
                self._changed.notify_all()

    def _next(self) -> Lane:
        """The lane whose turn it is."""
        ready = [lane for lane in self._lanes if lane.batches]
        self._turns += 1
        if self._turns % _OLDEST_EVERY == 0:
            return min(ready, key=lambda lane: lane.batches[0][0])
        return min(ready, key=lambda lane: (lane.had_s, lane.batches[0][0]))

    def _may_be_long(self, lane: Lane) -> bool:
        if lane not in self._long and len(self._long) < LONG_AT_ONCE:
            self._long.add(lane)
        return lane in self._long

    # Of one package: a lane is the pool's half that an analysis sees.
    def _add(self, lane: Lane, future: Future[Any], work: Callable[[], Any]) -> None:
        with self._changed:
            if self._closed or lane not in self._lanes:
                future.cancel()
                return
            lane.batches.append((time.monotonic(), future, work))
            self._changed.notify_all()

    def _pace(self, lane: Lane, seconds: float, given_up: Callable[[], bool]) -> float:
        began = time.monotonic()
        with self._changed:
            while not given_up() and not self._closed:
                if len(lane.batches) + lane.running <= _AHEAD and (seconds < LONG_S or self._may_be_long(lane)):
                    break
                self._changed.wait(_LOOK_S)
        return time.monotonic() - began

    def _leave(self, lane: Lane) -> None:
        with self._changed:
            left = [future for _, future, _ in lane.batches]
            lane.batches.clear()
            self._long.discard(lane)
            if lane in self._lanes:
                self._lanes.remove(lane)
            self._changed.notify_all()
        for future in left:
            future.cancel()


class Lane(Executor):
    """The batches of one analysis, for `irec_live.analyze` as its executor.

    Attributes
    ----------
    batches : deque of (float, Future, callable)
        That wait, each with the time since when. The pool's, as are the next two.
    running : int
        Batches that are run now.
    had_s : float
        Seconds that its batches have taken.
    waited_s : float
        Seconds that its analysis stood still for others.
    """

    def __init__(self, pool: FairPool) -> None:
        self._pool = pool
        self.batches: deque[tuple[float, Future[Any], Callable[[], Any]]] = deque()
        self.running = 0
        self.had_s = 0.0
        self.waited_s = 0.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`."""
        future: Future[Any] = Future()
        self._pool._add(self, future, lambda: fn(*args, **kwargs))
        return future

    def pace(self, seconds: float, given_up: Callable[[], bool]) -> None:
        """Wait until there is room for the next batch. Of the analysis' own thread.

        Parameters
        ----------
        seconds : float
            Of sound so far.
        given_up : callable
            Whether nobody waits for the analysis any more.
        """
        self.waited_s += self._pool._pace(self, seconds, given_up)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Give the lane back; what waits in it is cancelled."""
        self._pool._leave(self)


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
