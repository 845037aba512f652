"""Worker thread for blocking calls, with results delivered on the GUI thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from irec_live.errors import IrecError
from irec_live.gui.language import tr

Work = Callable[[], Any]
Done = Callable[[Any], None]
Failed = Callable[[str], None]

_STOP_S = 3.0
"""How long the running task is waited for at the end, unless told otherwise."""

WRITE_S = 60.0
"""How long what writes for the user is: the window is hidden by then, and hours of sound take seconds to export."""


def _nothing(_: object) -> None:
    pass


class Background(QObject):
    """A daemon thread that does tasks in turn. Used on the GUI thread; only `work` runs on the other.

    Parameters
    ----------
    name : str
        Of the thread.

    Notes
    -----
    A task that hangs (calls to sound servers do) must not block the others for ever: `renew` abandons its thread.
    """

    _answered = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._tasks: queue.SimpleQueue[tuple[Work, Done, Failed] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pending = 0
        self._started_s = 0.0
        self._stopped = False
        # NB: emitted on the worker; queued, so that `_deliver` runs on the GUI thread.
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return self._pending > 0

    @property
    def waiting_s(self) -> float:
        """Seconds since the last result, while another is still to come."""
        return time.monotonic() - self._started_s if self.busy else 0.0

    def submit(self, work: Work, done: Done = _nothing, failed: Failed = _nothing) -> None:
        """Run `work` on the thread, then call `done` with its result or `failed` with one sentence, on this one.

        The thread begins with the first call.
        """
        if self._stopped:
            return
        if not self.busy:
            self._started_s = time.monotonic()
        self._pending += 1
        if self._thread is None:
            self._thread = threading.Thread(target=_serve, args=(self._tasks, self._answered), name=self._name)
            self._thread.daemon = True  # a call that hangs in a driver must not keep the process alive
            self._thread.start()
        self._tasks.put((work, done, failed))

    def renew(self) -> None:
        """Abandon the thread and its tasks and continue with a new one; late results still arrive."""
        self._tasks.put(None)  # the old thread ends if it ever gets through what is in its queue
        self._tasks, self._thread, self._pending = queue.SimpleQueue(), None, 0

    def stop(self, timeout_s: float | None = None) -> None:
        """Accept no more tasks and deliver no more results; wait a limited time for the running task."""
        self._stopped = True
        self._tasks.put(None)
        if self._thread is not None:
            self._thread.join(_STOP_S if timeout_s is None else timeout_s)
        self._thread = None

    def finish(self) -> None:
        """Accept no more tasks, and wait for all that writes something which the user asked for."""
        self.stop(WRITE_S)

    def _deliver(self, answer: tuple[Callable[[Any], None], Any]) -> None:
        self._pending = max(0, self._pending - 1)  # a late result of an abandoned thread was not counted
        self._started_s = time.monotonic()
        if not self._stopped:
            call, value = answer
            call(value)


def _serve(tasks: queue.SimpleQueue[tuple[Work, Done, Failed] | None], answered: Any) -> None:
    """Body of the thread; a plain function, so that the thread keeps no QObject alive."""
    while (task := tasks.get()) is not None:
        work, done, failed = task
        try:
            answer: tuple[Callable[[Any], None], Any] = (done, work())
        except IrecError as error:
            answer = (failed, str(error))
        except Exception as error:  # noqa: BLE001 -- the user must learn of any error in a message
            answer = (
                failed,
                tr("something unexpected went wrong ({kind}: {error})", kind=type(error).__name__, error=error),
            )
        try:
            answered.emit(answer)
        except RuntimeError:  # PySide6 raises it if the window was deleted meanwhile
            return
