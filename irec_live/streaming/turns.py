"""Turns: work of which each piece needs what the one before has left, on an executor that has other work beside it.

What waits for its turn holds no thread: an executor of two threads has one left for others.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future

Work = Callable[[], None]


class Turns:
    """Runs what is submitted one after the other, in that order, by any thread of an executor. Any thread may submit.

    Parameters
    ----------
    executor : Executor
        What it cancels, or does not take since it was shut down, is cancelled here with all that waits behind it.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Future[None], Work]] = deque()
        self._busy = False  # the executor has the first of those, or runs what was the first

    def submit(self, work: Work) -> Future[None]:
        """Run `work` after all that was submitted before."""
        future: Future[None] = Future()
        with self._lock:
            self._waiting.append((future, work))
            idle, self._busy = not self._busy, True
        if idle:
            self._go_on()
        return future

    def _go_on(self) -> None:
        try:
            self._executor.submit(self._run).add_done_callback(self._look)
        except RuntimeError:
            self._give_up()

    def _run(self) -> None:
        """Run the first that waits, and hand the next to the executor: others may come between."""
        with self._lock:
            future, work = self._waiting.popleft()
        if future.set_running_or_notify_cancel():
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - as concurrent.futures does
                future.set_exception(error)
            else:
                future.set_result(None)
        with self._lock:
            self._busy = bool(self._waiting)
            more = self._busy
        if more:
            self._go_on()

    def _look(self, run: Future[None]) -> None:
        if run.cancelled():
            self._give_up()

    def _give_up(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
            self._busy = False
        for future, _ in waiting:
            future.cancel()
