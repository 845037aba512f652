"""``irec-live serve``: the web page and REST."""

from __future__ import annotations

import errno
import ipaddress
import secrets
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

import click

from irec_live.cli.options import Log, hop_seconds, tell_notices
from irec_live.errors import IrecError, MissingExtraError
from irec_live.models.choice import load_models

if TYPE_CHECKING:
    from irec_live.models.detector import Provider

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("", "0.0.0.0", "::")
_SHORTEST_TOKEN = 8
_SWITCH_S = 0.001
"""Between two threads of Python that compute: what answers requests does not wait long for what analyses."""
_LEAVE_S = 10
"""Waited for open requests when the server ends."""


def run_serve(
    *,
    host: str,
    port: int,
    most_mb: float,
    most_minutes: float,
    token: str | None,
    names: Sequence[str],
    models: Sequence[str],
    hop_ms: float | None,
    provider: Provider,
    log: str = Log.NONE,
    most_streams: int = 8,
    library: bool = True,
) -> None:
    """Answer requests until Ctrl-C.

    Raises
    ------
    IrecError
        A model is not usable, the address is taken, or what serving needs is not installed.
    click.BadParameter
        The token is one that anybody could guess, or that no header can carry.
    """
    try:
        import uvicorn

        from irec_live.web.app import create_app
        from irec_live.web.connections import accepted_at_a_stroke, bounded_connections
        from irec_live.web.folders import clear_left_folders
        from irec_live.web.observing import JsonLog
        from irec_live.web.stream import MOST_BYTES
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "web") from error
    given = token
    if given is not None and (len(given) < _SHORTEST_TOKEN or not given.isascii() or not given.isprintable()):
        raise click.BadParameter(
            f"a token has at least {_SHORTEST_TOKEN} characters, ASCII and printable", param_hint="--token"
        )
    if token is None and not _is_loopback(host):
        token = secrets.token_urlsafe(16)
    detectors = load_models(tuple(models) or None, provider)
    tell_notices(detectors)
    clear_left_folders()
    sys.setswitchinterval(_SWITCH_S)
    ending = threading.Event()
    lines = JsonLog(sys.stdout) if log == Log.JSON else None
    own = _LOOPBACK_NAMES if _is_loopback(host) else (*_LOOPBACK_NAMES, *_machine_names(), host)
    app = create_app(
        detectors,
        provider=provider,
        hop_s=hop_seconds(hop_ms, detectors),
        most_bytes=round(1e6 * most_mb),
        most_s=60 * most_minutes,
        hosts=[*own, *names],
        token=token,
        ending=ending,
        log=lines,
        most_streams=most_streams,
        library=library,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
        wrong = "--port" if taken else "--host, an address of this machine"
        reason = (error.strerror or str(error)).partition(" (while")[0]  # Python repeats the address
        raise IrecError(f"cannot listen at {host}, port {port}: {reason}; choose another {wrong}") from error
    with listener:
        reached = socket.gethostname() if host in _EVERYWHERE else host
        name = f"[{reached}]" if ":" in reached else reached
        query = "" if token is None else "?token=" + (token if given is None else "...")
        if lines is not None:
            lines.write("start", host=host, port=listener.getsockname()[1], models=[d.spec.name for d in detectors])
        click.echo(f"irec-live: http://{name}:{listener.getsockname()[1]}/{query} - Ctrl-C ends it", err=True)

        class Server(uvicorn.Server):
            """Waits for open requests when it ends, and they for nothing any more."""

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                ending.set()
                super().handle_exit(sig, frame)

        with suppress(KeyboardInterrupt):
            Server(
                uvicorn.Config(
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
            ).run(sockets=[listener])
        if lines is not None:
            lines.write("end")
            lines.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _machine_names() -> tuple[str, ...]:
    name = socket.gethostname()
    short = name.partition(".")[0]
    return (name, short, f"{short}.local")
