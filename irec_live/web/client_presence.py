"""Client presence: whether anybody still waits for an answer, and the server is not ending."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

from fastapi import Request


class Ending:
    """Whether the server is ending.

    Parameters
    ----------
    event : threading.Event, optional
        Set when it is; never, if not given.
    """

    def __init__(self, event: threading.Event | None = None) -> None:
        self._event = event or threading.Event()

    def __call__(self) -> bool:
        return self._event.is_set()

    def or_gone(self, request: Request) -> Callable[[], Awaitable[bool]]:
        """Whether the server is ending, or a request's client has gone."""

        async def unwanted() -> bool:
            return self._event.is_set() or await request.is_disconnected()

        return unwanted
