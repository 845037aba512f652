"""Request filter: host, origin, token and size checks before a request's body is read.

* The name the server was called by (``Host``) must be one of its own, or an address: a page of another site can have
  any name lead here, and would then count as the same site.
* A browser's request must come from the server's own page (``Origin``, ``Sec-Fetch-Site``).
* Where a token is required, the request must carry it.
* A body must say its length once, be no longer than allowed, and arrive; all bodies at once are bounded, too.

References
----------
RFC 9112, section 6.3: a message with both ``Transfer-Encoding`` and ``Content-Length`` may be an attempt to smuggle.
W3C, *Fetch Metadata Request Headers*.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from irec_live.web.connections import SLOWEST_BYTES_S
from irec_live.web.error_responses import Refused
from irec_live.web.sounds import SOUND_PATH

MOST_UPLOADS = 64
"""Being received, waiting or analysed."""
BODY_GRACE_S = 20.0
"""Waited for a body beyond what `SLOWEST_BYTES_S` allows it."""
HELD_BODIES = 10
"""Largest bodies that all uploads together may fill."""


class Guard:
    """Middleware that lets through what may pass.

    Parameters
    ----------
    app : ASGIApp
    hosts : sequence of str
        Names it may be called by, beside addresses; ``*`` allows any.
    token : str or None
        What a request must carry: ``Authorization: Bearer TOKEN``, or ``?token=TOKEN`` for the page.
    most_bytes : int
        Of one body.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], token: str | None, most_bytes: int) -> None:
        self._app = app
        self._hosts = {host.strip("[]").lower() for host in hosts}
        self._token = token
        self._most = most_bytes
        self._uploads = 0
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "websocket":
            await self._stream(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            self._check_host(headers)
            _check_site(scope, headers)
            self._check_token(scope, headers)
            uploads = self._check_length(scope, headers)
        except Refused as refusal:
            await refusal.response(scope["path"])(scope, receive, send)
            return
        if not uploads:
            await self._app(scope, receive, send)
            return
        body = _Body(receive, self._take)
        self._uploads += 1
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._uploads -= 1
            self._held -= body.received

    def _check_host(self, headers: Headers) -> None:
        given = headers.getlist("host")
        if len(given) == 1 and ("*" in self._hosts or host_name(given[0]) in self._hosts or _is_address(given[0])):
            return
        raise Refused(400, f"this server is not called {', '.join(given)[:80] or 'nothing'}; ask for it by its address")

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket through. Without a token in its header it is the application's to ask for one."""
        try:
            headers = Headers(scope=scope)
            self._check_host(headers)
            _check_site(scope, headers)
            if headers.getlist("authorization"):
                self._check_token(scope, headers)
        except Refused as refusal:
            socket = WebSocket(scope, receive, send)
            await socket.send_denial_response(refusal.response(scope["path"]))
            return
        await self._app(scope, receive, send)

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        if self._token is None or is_public(scope["path"]):
            return
        given = [value[7:].strip() for value in headers.getlist("authorization") if value[:7].lower() == "bearer "]
        if scope["path"] == "/":
            given += parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if not any(hmac.compare_digest(value.encode(), self._token.encode()) for value in given):
            raise Refused(
                401,
                "this server asks for its token: Authorization: Bearer TOKEN, or for the page /?token=TOKEN; it was "
                "printed when the server started",
            )

    def _check_length(self, scope: Scope, headers: Headers) -> bool:
        """Whether a body comes that may."""
        lengths, codings = headers.getlist("content-length"), headers.getlist("transfer-encoding")
        if lengths and codings:
            raise Refused(400, "the request has both a Content-Length and a Transfer-Encoding; send the length alone")
        if scope["method"] != "POST":
            return False
        if not lengths:
            raise Refused(411, "the request must say its length (Content-Length)")
        length = lengths[0]
        if len(lengths) > 1 or not (length.isascii() and length.isdigit()):
            raise Refused(400, "the request's Content-Length is not one number")
        if len(length) > 18 or int(length) > self._most:
            raise Refused(413, f"the file is larger than {self._most / 1e6:g} MB; use irec-live analyze")
        if self._uploads >= MOST_UPLOADS:
            raise Refused(503, f"{MOST_UPLOADS} files are being sent or wait already; try again later")
        return True

    def _take(self, count: int) -> None:
        if self._held + count > HELD_BODIES * self._most:
            raise Refused(503, "the files that wait already fill the place there is; try again later")
        self._held += count


class _Body:
    """A request's body as it arrives, if it does."""

    def __init__(self, receive: Receive, take: Callable[[int], None]) -> None:
        self._receive, self._take = receive, take
        self._waited_s = 0.0
        self._whole = False
        self.received = 0

    async def receive(self) -> Message:
        """The next part; see ASGI."""
        if self._whole:
            return await self._receive()
        left_s = BODY_GRACE_S + self.received / SLOWEST_BYTES_S - self._waited_s
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            message = await asyncio.wait_for(self._receive(), max(left_s, 0.001))
        except TimeoutError:
            raise Refused(408, f"the file came too slowly: {self.received} bytes until it was given up") from None
        self._waited_s += loop.time() - began
        if message["type"] == "http.request":
            count = len(message.get("body", b""))
            self._take(count)
            self.received += count
            self._whole = not message.get("more_body", False)
        return message


def _check_site(scope: Scope, headers: Headers) -> None:
    for origin in headers.getlist("origin"):
        site = origin.rpartition("://")[2].lower()
        if site not in {host.lower() for host in headers.getlist("host")}:
            raise Refused(403, f"a page of {origin[:80]} may not use this server")
    for relation in headers.getlist("sec-fetch-site"):
        # A link on another page may lead to this one.
        followed = scope["path"] == "/" and scope.get("method") == "GET" and _is_followed(headers)
        if relation not in ("same-origin", "none") and not followed:
            raise Refused(403, "a page of another site may not use this server")


def _is_followed(headers: Headers) -> bool:
    return "navigate" in headers.getlist("sec-fetch-mode")


def is_public(path: str) -> bool:
    """Whether a path needs no token: what everybody can read in the package, that it lives, and what asks for a key.

    Examples
    --------
    >>> is_public("/static/page.js"), is_public("/healthz"), is_public("/"), is_public("/v1/models")
    (True, True, False, False)
    """
    return path in ("/healthz", SOUND_PATH) or path.startswith("/static/")


def host_name(host: str) -> str:
    """The name or address in a ``Host`` header, without the port.

    Examples
    --------
    >>> host_name("Studio.local:8000"), host_name("[::1]:8000"), host_name("127.0.0.1")
    ('studio.local', '::1', '127.0.0.1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host_name(host))
    except ValueError:
        return False
    return True
