"""``irec-live serve``: the web page and REST."""

from __future__ import annotations

import errno
import ipaddress
import secrets
import socket
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from irec_live.cli.options import Log, hop_seconds, tell_notices
from irec_live.cli.output import tell
from irec_live.errors import IrecError, MissingExtraError
from irec_live.models.choice import load_models

if TYPE_CHECKING:
    from irec_live.models.detector import Provider

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("", "0.0.0.0", "::")
_SHORTEST_TOKEN = 8
_SWITCH_S = 0.001
"""Between two threads of Python that compute: what answers requests does not wait long for what analyses."""


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
        from irec_live.web.app import create_app
        from irec_live.web.folders import clear_left_folders
        from irec_live.web.instrumentation import JsonLog
        from irec_live.web.server import run_server
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "web") from error
    required = _required_token(token, host)
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
        token=required,
        ending=ending,
        log=lines,
        most_streams=most_streams,
        library=library,
    )
    with _listener(host, port) as listener:
        bound = listener.getsockname()[1]
        reached = socket.gethostname() if host in _EVERYWHERE else host
        name = f"[{reached}]" if ":" in reached else reached
        query = "" if required is None else "?token=" + (required if token is None else "...")
        if lines is not None:
            lines.write("start", host=host, port=bound, models=[detector.spec.name for detector in detectors])
        tell(f"irec-live: http://{name}:{bound}/{query} - Ctrl-C ends it")
        run_server(app, listener, ending)
        if lines is not None:
            lines.write("end")
            lines.close()


def _required_token(given: str | None, host: str) -> str | None:
    """What requests must carry: the token given, else one that is made where other machines get in."""
    if given is None:
        return None if _is_loopback(host) else secrets.token_urlsafe(16)
    if len(given) < _SHORTEST_TOKEN or not given.isascii() or not given.isprintable():
        raise click.BadParameter(
            f"a token has at least {_SHORTEST_TOKEN} characters, ASCII and printable", param_hint="--token"
        )
    return given


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
        wrong = "--port" if taken else "--host, an address of this machine"
        reason = (error.strerror or str(error)).partition(" (while")[0]  # Python repeats the address
        raise IrecError(f"cannot listen at {host}, port {port}: {reason}; choose another {wrong}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _machine_names() -> tuple[str, ...]:
    name = socket.gethostname()
    short = name.partition(".")[0]
    return (name, short, f"{short}.local")
