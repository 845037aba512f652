"""Messages on their way to a client: a queue with a limit between the engine's thread and the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

MOST_MESSAGES = 1000
"""That wait; some twenty seconds of live results."""
PATIENCE_S = 5.0
"""For which a client may take nothing while as many wait."""


class Outbox:
    """Texts for one client. Made on the event loop's thread; `put` is for any other, the rest for the loop's."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._texts: deque[str] = deque()
        self._room = threading.Condition()
        self._filled = asyncio.Event()
        self._closed = False
        self._unsent = 0
        self.overrun = False
        """Whether the client did not take what waited."""

    def put(self, text: str) -> None:
        """Have a text sent. Waits while too many do; once the client has had its time, nothing is taken any more."""
        with self._room:
            if not self._room.wait_for(lambda: self._closed or len(self._texts) < MOST_MESSAGES, PATIENCE_S):
                self._closed = self.overrun = True
            if self._closed:
                return
            self._texts.append(text)
            self._unsent += 1
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._filled.set)

    async def take(self) -> list[str]:
        """Wait for texts; all there are, oldest first."""
        await self._filled.wait()
        with self._room:
            self._filled.clear()
            texts = list(self._texts)
            self._texts.clear()
            self._room.notify_all()
        return texts

    def sent(self, count: int) -> None:
        """Note that so many of those taken have been sent."""
        with self._room:
            self._unsent -= count

    @property
    def is_sent(self) -> bool:
        """Whether everything has been sent."""
        return self._unsent == 0

    def close(self) -> None:
        """Take nothing any more; whoever waits in `put` goes on."""
        with self._room:
            self._closed = True
            self._room.notify_all()
