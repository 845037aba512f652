"""``irec-live serve``: the web page and REST."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

import click

from irec_live.cli.options import hop_seconds, tell_notices
from irec_live.errors import IrecError, MissingExtraError
from irec_live.models.choice import load_models

if TYPE_CHECKING:
    from irec_live.models.detector import Provider

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def run_serve(
    *, host: str, port: int, most_mb: float, models: Sequence[str], hop_ms: float | None, provider: Provider
) -> None:
    """Answer requests until Ctrl-C.

    Raises
    ------
    IrecError
        A model is not usable, the address is taken, or what serving needs is not installed.
    """
    try:
        import uvicorn

        from irec_live.web.app import create_app
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "web") from error
    detectors = load_models(tuple(models) or None, provider)
    tell_notices(detectors)
    ending = threading.Event()
    app = create_app(
        detectors,
        provider=provider,
        hop_s=hop_seconds(hop_ms, detectors),
        most_bytes=round(1e6 * most_mb),
        hosts=("localhost", "127.0.0.1", "[::1]") if host in _LOOPBACK else ("*",),
        ending=ending,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise IrecError(
            f"cannot listen at {host}, port {port}: {error.strerror or error}; choose another --port"
        ) from error
    with listener:
        name = f"[{host}]" if family == socket.AF_INET6 else host
        click.echo(f"irec-live: http://{name}:{listener.getsockname()[1]}/ - Ctrl-C ends it", err=True)

        class Server(uvicorn.Server):
            """Waits for open requests when it ends, and they for nothing any more."""

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                ending.set()
                super().handle_exit(sig, frame)

        with suppress(KeyboardInterrupt):
            Server(uvicorn.Config(app, log_level="warning", lifespan="off")).run(sockets=[listener])
