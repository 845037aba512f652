"""The server's run, until Ctrl-C: uvicorn with the limits that strangers need."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from irec_live.web.connections import accepted_at_a_stroke, bounded_connections
from irec_live.web.stream import MOST_BYTES

_LEAVE_S = 10
"""Waited for open requests when the server ends."""


def run_server(app: FastAPI, listener: socket.socket, ending: threading.Event) -> None:
    """Answer requests until Ctrl-C, which sets `ending`: open requests are waited for, and they for nothing more."""

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
        Server(config).run(sockets=[listener])
