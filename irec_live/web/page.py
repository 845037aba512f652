"""The page: HTML, style sheets and scripts of the folder ``static``, held in memory."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from irec_live.web.error_responses import Refused

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; img-src 'self'; media-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address may hold the token
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-cache",
}
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "the page", "content": {"text/html": {"schema": {"type": "string"}}}}
}
INDEX = "index.html"


def routes(common: dict[int | str, dict[str, Any]]) -> APIRouter:
    """The paths, with what all of them may refuse."""
    router = APIRouter(tags=["page"])
    contents = static_files()

    @router.get("/", response_class=Response, responses={**_PAGE, **common})
    async def show() -> Response:
        return _answer(INDEX, contents[INDEX])

    # Not one of the interface: the page's own.
    @router.get("/static/{name}", include_in_schema=False)
    async def give(name: str) -> Response:
        if name not in contents:
            raise Refused(404, "there is no such file")
        return _answer(name, contents[name])

    return router


def static_files() -> dict[str, bytes]:
    """By name, every file of the page."""
    folder = files("irec_live.web").joinpath("static")
    return {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if "." + entry.name.rpartition(".")[2] in _MEDIA_TYPES
    }


def _answer(name: str, content: bytes) -> Response:
    return Response(content, media_type=_MEDIA_TYPES["." + name.rpartition(".")[2]], headers=_HEADERS)
