"""Instrumentation of requests: metrics, and if wanted a log of JSON lines. No names of files, no query, no addresses.

The log is written by a thread of its own, from a queue with a limit: whoever reads it slowly holds nobody up; lines
that find no room are counted in the next one. Where the disk is full, the log goes on once it is not.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from contextlib import suppress
from typing import IO, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from irec_live.web.metrics import Metrics

_MOST_LINES = 1000  # that wait to be written
_STOP_S = 1.0
_RETRY_S = 1.0
"""Between two attempts to write a line."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class JsonLog:
    """Writes one JSON object a line.

    Parameters
    ----------
    file : text file
        Where to.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue(_MOST_LINES)
        self._lost = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="irec-log", daemon=True)
        self._thread.start()

    def write(self, event: str, **values: Any) -> None:
        """Have a line written: ``time`` (seconds since 1970), ``event``, and the values. Any thread; does not wait."""
        line = {"time": round(time.time(), 3), "event": event, **values}
        if self._lost:
            line["lost_lines"] = self._lost
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._lost += 1
        else:
            self._lost = 0

    def close(self) -> None:
        """Write what waits, if somebody reads it within a second."""
        self._closing.set()
        with suppress(queue.Full):
            self._lines.put_nowait(None)
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._put(json.dumps(line, ensure_ascii=True, allow_nan=False) + "\n")
            except (OSError, ValueError):  # nobody reads it any more, or it is closed
                return

    def _put(self, text: str) -> None:
        """Write a line, at a later attempt if need be: of a full disk, the next lines are told how many found no room.

        Raises
        ------
        OSError, ValueError
            It will not be written.
        """
        taken = False
        while True:
            try:
                if not taken:
                    self._file.write(text)
                    taken = True  # by the file's buffer, which keeps what it could not write
                self._file.flush()
            except BrokenPipeError:
                raise
            except OSError:
                if self._closing.wait(_RETRY_S):
                    raise
            else:
                return


class Observer:
    """Middleware that counts and logs what the others answer.

    Parameters
    ----------
    app : ASGIApp
    metrics : Metrics
    log : JsonLog, optional
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, log: JsonLog | None) -> None:
        self._app, self._metrics, self._log = app, metrics, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, self._denials(send))
            return
        began = time.perf_counter()
        status, sent = 500, 0

        async def observed(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            sent += len(message.get("body", b""))
            await send(message)

        self._metrics.began()
        try:
            await self._app(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - began
            # Not what was typed: names of routes are few, whatever a client asks for.
            route = str(getattr(scope.get("route"), "path", "") or "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.answered(method, route, status, seconds)
            if self._log is not None:
                self._log.write(
                    "request", method=method, route=route, status=status, seconds=round(seconds, 4), bytes=sent
                )

    def _denials(self, send: Send) -> Send:
        """Counts the WebSockets that are refused before they open."""

        async def observed(message: Message) -> None:
            if message["type"] == "websocket.http.response.start":
                self._metrics.rejected(str(message["status"]))
            await send(message)

        return observed
