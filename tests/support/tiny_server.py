"""A web server on this machine alone that serves a folder, resumes, and can break off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server:
    """What is served and what was asked for.

    Attributes
    ----------
    url : str
    asked : list of (str, str or None)
        Paths and ``Range`` headers, in order.
    break_after : int or None
        Bytes after which a connection ends, once.
    resumes : bool
        Whether ``Range`` is understood.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = ""
        self.asked: list[tuple[str, str | None]] = []
        self.break_after: int | None = None
        self.resumes = True

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Serve one request."""
        wanted = request.headers.get("Range")
        self.asked.append((request.path, wanted))
        path = self.root / request.path.lstrip("/")
        if not path.is_file():
            request.send_error(404)
            return
        content = path.read_bytes()
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.resumes else 0
        if start >= len(content):
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        stop, self.break_after = self.break_after, None
        request.wfile.write(content[start : None if stop is None else start + stop])


@contextmanager
def serve(root: Path) -> Iterator[Server]:
    """A running server of a folder."""
    server = Server(root)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server.url = f"http://127.0.0.1:{listener.server_port}"
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join(60)
