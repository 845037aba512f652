"""Slow work off the GUI thread, its answer back on it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from irec_live.errors import IrecError

Work = Callable[[], Any]
Done = Callable[[Any], None]
Failed = Callable[[str], None]


class Background(QObject):
    """One daemon thread that does jobs in turn. Made and used on the GUI thread; only `work` runs on the other.

    Parameters
    ----------
    name : str
        Of the thread.

    Notes
    -----
    A job that hangs (sound servers do) must not hold up the rest for ever: `renew` leaves the stuck thread behind.
    """

    _answered = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._jobs: queue.SimpleQueue[tuple[Work, Done, Failed] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pending = 0
        self._started_s = 0.0
        self._stopped = False
        # Emitted on the worker; queued, so that the answer is taken on the GUI thread.
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._pending > 0

    @property
    def waiting_s(self) -> float:
        """Seconds since the last answer, while one is still to come."""
        return time.monotonic() - self._started_s if self.busy else 0.0

    def submit(self, work: Work, done: Done, failed: Failed) -> None:
        """Do `work` on the thread, then call `done` with its result or `failed` with one sentence, on this one."""
        if self._stopped:
            return
        if not self.busy:
            self._started_s = time.monotonic()
        self._pending += 1
        if self._thread is None:
            self._thread = threading.Thread(target=_serve, args=(self._jobs, self._answered), name=self._name)
            self._thread.daemon = True
            self._thread.start()
        self._jobs.put((work, done, failed))

    def renew(self) -> None:
        """Leave the thread and its jobs behind and go on with a new one; late answers still arrive."""
        self._jobs.put(None)
        self._jobs, self._thread, self._pending = queue.SimpleQueue(), None, 0

    def stop(self, timeout_s: float = 3.0) -> None:
        """Take no more jobs or answers; wait a bounded time for the one being done."""
        self._stopped = True
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._thread = None

    def _deliver(self, answer: tuple[Callable[[Any], None], Any]) -> None:
        self._pending = max(0, self._pending - 1)
        self._started_s = time.monotonic()
        if not self._stopped:
            call, value = answer
            call(value)


def _serve(jobs: queue.SimpleQueue[tuple[Work, Done, Failed] | None], answered: Any) -> None:
    """Body of the thread; a plain function, so that the thread keeps no QObject alive."""
    while (job := jobs.get()) is not None:
        work, done, failed = job
        try:
            answer: tuple[Callable[[Any], None], Any] = (done, work())
        except IrecError as error:
            answer = (failed, str(error))
        except Exception as error:  # noqa: BLE001 -- whatever goes wrong behind a window must reach its user as words
            answer = (failed, f"something unexpected went wrong ({type(error).__name__}: {error})")
        try:
            answered.emit(answer)
        except RuntimeError:  # the window went away while we worked
            return
