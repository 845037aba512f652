"""The server's run, until it is asked to end: uvicorn with the limits that strangers need."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from irec_live.interrupts import ending_signals
from irec_live.web.connections import accepted_at_a_stroke, bounded_connections
from irec_live.web.stream import MOST_BYTES

_LEAVE_S = 10
"""Waited for open requests when the server ends."""


def run_server(app: FastAPI, listener: socket.socket, ending: threading.Event) -> None:
    """Answer requests until one of `ending_signals`, which sets `ending`: open requests are waited for, and they for
    nothing more.
    """

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            ending.set()
            super().handle_exit(sig, frame)

    with suppress(KeyboardInterrupt):  # from here on: it may come before the server takes it
        config = uvicorn.Config(
            app,
            http=bounded_connections(),
            ws_max_size=MOST_BYTES,
            ws_per_message_deflate=False,  # a kilobyte would become a megabyte
            ws_ping_interval=None,  # an answer waits behind sound that is held up; streams have own limits
            backlog=accepted_at_a_stroke(),
            timeout_graceful_shutdown=_LEAVE_S,
            log_level="error",  # malformed requests of any client must not fill the log
            access_log=False,
            lifespan="on",
        )
        logging.getLogger("uvicorn.error").addFilter(_is_a_fault)  # where the configuration has put it
        server = Server(config)

        def leave() -> None:
            server.should_exit = True
            ending.set()

        with _asked_to_end(leave):
            server.run(sockets=[listener])


def _is_a_fault(record: logging.LogRecord) -> bool:
    """Whether it is worth a line: uvicorn has one for each WebSocket that was refused, as any client can be."""
    return record.msg != "ASGI callable returned without completing handshake."


@contextmanager
def _asked_to_end(leave: Callable[[], None]) -> Iterator[None]:
    """What ends programs that nobody looks at comes to no more than Ctrl-C: there is a last line to be written.

    uvicorn hands SIGTERM on once it has ended, by which the process would die of it, and does not know of a terminal
    that goes away.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [each for each in ending_signals() if each is not signal.SIGINT]
    former = {each: signal.signal(each, lambda _number, _frame: leave()) for each in ours}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
