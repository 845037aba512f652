"""Connection limits against resource exhaustion: bounded number, and a timeout for slow requests.

uvicorn waits for ever for the rest of a request's header, and accepts connections until no descriptor is left; then it
answers nobody. What never becomes a request is not seen by an application, so this is done where bytes arrive.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 256
WAIT_S = 10.0
"""For a request's header, for its rest once it was refused, and for a client to take the next part of its answer."""
SLOWEST_BYTES_S = 16_000
"""Below, a client counts as one that does not read, or does not send."""

_DESCRIPTORS_EACH = 4
"""A connection's own, and those of the upload that may come through it."""
_DESCRIPTORS_ELSE = 64
_MOST_AT_A_STROKE = 128
_MANY = 1_000_000
_STREAM_BYTES = 128 << 10
"""Of sound that the system may keep of a stream before it is read."""


class BoundedConnection(H11Protocol):
    """A connection that is given up when it keeps others waiting.

    When there are more than `most`, the one is closed that has said nothing whole for the longest time: half-sent
    headers make room for requests, however many there are.
    """

    most = MOST_CONNECTIONS
    _timer: asyncio.TimerHandle | None = None
    _since = 0.0
    _unsent = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > self.most:
            waiting = [one for one in self.connections if isinstance(one, BoundedConnection) and one._idle]
            longest = min(waiting, key=lambda one: one._since, default=self)
            self.connections.discard(longest)
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if not self._idle and not self.transport.get_write_buffer_size():
            self._unwatch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Called when a connection becomes a WebSocket, which has times of its own (`irec_live.web.stream`)."""
        self._unwatch()
        # Sound that is held up waits at the client: in buffers of megabytes here, its pings would wait behind it.
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _STREAM_BYTES)
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        super().pause_writing()
        self._watch()

    def on_response_complete(self) -> None:
        """Called when an answer has been handed over whole, though perhaps not been read."""
        super().on_response_complete()
        if self._idle:
            self._watch()

    @property
    def _idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _watch(self) -> None:
        self._unwatch()
        self._since = self.loop.time()
        self._unsent = self.transport.get_write_buffer_size()
        self._timer = self.loop.call_later(WAIT_S, self._look)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent <= self._unsent - WAIT_S * SLOWEST_BYTES_S:
            self._watch()
        elif unsent or self._idle:
            self.transport.abort()


def bounded_connections() -> type[BoundedConnection]:
    """Connections of at most as many as this process has descriptors for."""

    class Connection(BoundedConnection):
        most = _most()

    return Connection


def accepted_at_a_stroke() -> int:
    """Connections that may be accepted before those too many are closed; that takes a turn of the event loop or two."""
    return max(8, min(_MOST_AT_A_STROKE, (_descriptors() - _DESCRIPTORS_ELSE - _most()) // 3))


def _most() -> int:
    return max(4, min(MOST_CONNECTIONS, (_descriptors() - _DESCRIPTORS_ELSE) // _DESCRIPTORS_EACH))


def _descriptors() -> int:
    """As many as this process may open; many where there is no limit."""
    if sys.platform == "win32":
        return _MANY
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MANY if soft == resource.RLIM_INFINITY else soft
