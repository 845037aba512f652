"""The web application: a page, the models, and the analysis of an uploaded file.

=============================  ========================================================================
``GET /``                      the page
``GET /api/models``            the models that can be named, as ``irec-live models --json`` has them
``POST /api/analyze``          multipart form with the audio file as ``file``; in the query ``format`` (a name of
                               `irec_live.formats.FORMATS`) and ``model`` (a name; takes the place of the server's
                               model of its kind; may be repeated). The answer is what ``irec-live analyze`` prints
``GET /openapi.json``          all this for programs
=============================  ========================================================================

What is wrong with a request is one sentence, ``{"detail": ...}``; bytes that are no HTTP get plain text. Damage
in a file that could be analysed all the same is reported in the header ``Irec-Warning``, percent-encoded. What is
refused before it is read: `irec_live.web.guard`.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from collections.abc import AsyncIterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from irec_live.analysis import AnalysisCancelled
from irec_live.errors import IrecError, ModelError
from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.models.catalog import list_models
from irec_live.models.choice import ModelChoice
from irec_live.models.detector import Provider
from irec_live.web.analyst import Analyst
from irec_live.web.guard import Guard, Refused

MOST_S = 3600.0
"""Seconds of sound in one file, by default."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address may hold the token
    "X-Content-Type-Options": "nosniff",
}
_LONGEST_NAME = 60  # characters of up to four bytes, of which file systems take 255
_MOST_FIELDS = 8  # of a form; one is needed
logging.getLogger("python_multipart").addHandler(logging.NullHandler())  # it warns about malformed uploads
_SEND_A_FILE = "send the audio as a file in the form's field 'file', as curl -F file=@song.flac does"


if TYPE_CHECKING:
    FormatName = str
else:  # what FastAPI checks and tells in its OpenAPI
    FormatName = Literal[tuple(FORMATS)]


class Problem(BaseModel):
    """What every refusal is."""

    detail: str = Field(description="one sentence: what is wrong, and what to do")


_REFUSALS: dict[int, str] = {
    400: "called by a name that is not the server's, or a request that is not well formed",
    401: "the token is missing or wrong",
    403: "sent by a page of another site",
    404: "no such model",
    408: "the file came too slowly",
    411: "without Content-Length",
    413: "the file is too large",
    422: "not understood: no file, not audio, too long, or an unknown format",
    503: "too many files wait already, or the server is ending",
    507: "the disk is full",
}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": _REFUSALS[status]} for status in statuses}


_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "sound or video, of any format"}
                    },
                }
            }
        },
    }
}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "the page", "content": {"text/html": {"schema": {"type": "string"}}}}
}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the analysis, as `irec-live analyze` prints it",
        "content": {
            media_type: {"schema": {"type": "object" if DEFAULT_FORMAT in media_type else "string"}}
            for media_type in dict.fromkeys(form.media_type for form in FORMATS.values())
        },
        "headers": {
            "Irec-Warning": {
                "description": "what is wrong with the file, percent-encoded; absent if nothing is",
                "schema": {"type": "string"},
            }
        },
    }
}


def create_app(
    models: Sequence[ModelChoice] | None = None,
    *,
    provider: Provider = "auto",
    hop_s: float | None = None,
    most_bytes: int = 200_000_000,
    most_s: float = MOST_S,
    hosts: Sequence[str] = ("*",),
    token: str | None = None,
    ending: threading.Event | None = None,
) -> FastAPI:
    """Load the models and build the application.

    Parameters
    ----------
    models : sequence, optional
        The server's; the bundled ones by default.
    provider, hop_s
        As for `irec_live.analyze`.
    most_bytes : int
        Largest request.
    most_s : float
        Longest sound, in seconds as decoded; a file of kilobytes can hold hours.
    hosts : sequence of str
        Names by which it may be called, beside addresses. A page of another site can have any name lead here; ``*``
        allows that.
    token : str, optional
        What every request must carry, then.
    ending : Event, optional
        Once it is set, what runs is given up.

    Raises
    ------
    ModelError
        A model is missing or unusable.
    """
    analyst = Analyst(models, provider, hop_s, most_s)
    # For the OpenAPI description only: the guard checks the token.
    documented = [Depends(HTTPBearer(auto_error=False))] if token is not None else []

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        analyst.close()

    app = FastAPI(title="irec-live", docs_url=None, redoc_url=None, dependencies=documented, lifespan=lifespan)
    app.add_middleware(Guard, hosts=hosts, token=token, most_bytes=most_bytes)
    page = files("irec_live.web").joinpath("page.html").read_text(encoding="utf-8")
    common = _refusals(400, 401, 403) if token is not None else _refusals(400, 403)

    @app.exception_handler(IrecError)
    def refuse(_request: Request, error: IrecError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=404 if isinstance(error, ModelError) else 422)

    @app.exception_handler(Refused)
    def turn_away(_request: Request, error: Refused) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    def correct(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return JSONResponse({"detail": f"{first['loc'][-1]}: {first['msg']}"}, status_code=422)

    @app.exception_handler(OSError)
    def lack(_request: Request, error: OSError) -> JSONResponse:
        return JSONResponse(
            {"detail": f"the server cannot keep the file while it listens: {error.strerror or error}"}, status_code=507
        )

    @app.exception_handler(AnalysisCancelled)
    def give_up(_request: Request, _error: AnalysisCancelled) -> JSONResponse:
        return JSONResponse({"detail": "the server is ending"}, status_code=503)

    @app.exception_handler(ClientDisconnect)
    def let_go(_request: Request, _error: ClientDisconnect) -> JSONResponse:
        return JSONResponse({"detail": "the file did not come whole"}, status_code=400)  # the client has gone

    # Not HTMLResponse as the class: the refusals would be described as HTML, too.
    @app.get("/", response_class=Response, responses={**_PAGE, **common})
    async def show() -> HTMLResponse:
        return HTMLResponse(page, headers=_HEADERS)

    @app.get("/api/models", responses=common)
    def tell_models() -> list[dict[str, Any]]:
        entries = [model.to_dict() for model in list_models()]
        return [{key: value for key, value in entry.items() if key != "path"} for entry in entries]

    @app.post(
        "/api/analyze",
        response_class=Response,
        responses={**_ANSWER, **common, **_refusals(404, 408, 411, 413, 422, 503, 507)},
        openapi_extra=_FORM,
    )
    async def answer(
        request: Request,
        format: FormatName = DEFAULT_FORMAT,
        model: Annotated[list[str] | None, Query()] = None,
    ) -> Response:
        async def unwanted() -> bool:
            return (ending is not None and ending.is_set()) or await request.is_disconnected()

        upload = await _sent_file(request)
        try:
            text, warning = await analyst.answer(
                upload.file, safe_name(upload.filename or ""), format, tuple(model or ()), unwanted
            )
        finally:
            await upload.close()
        headers = {"Irec-Warning": quote(warning)} if warning else None
        return Response(text.encode("utf-8", "surrogateescape"), media_type=FORMATS[format].media_type, headers=headers)

    return app


async def _sent_file(request: Request) -> UploadFile:
    """The form's file. Read here rather than by a parameter, which would take a thousand files."""
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    except HTTPException as error:
        raise Refused(400, f"the form is not understood ({error.detail.rstrip('.')}); {_SEND_A_FILE}") from error
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        await form.close()
        raise Refused(422, _SEND_A_FILE)
    return upload


def safe_name(name: str) -> str:
    """A file name of one part that any file system takes, from whatever a client calls its file.

    Examples
    --------
    >>> safe_name("../../etc/passwd"), safe_name("C:\\\\music\\\\song.flac"), safe_name("..")
    ('passwd', 'song.flac', 'upload')
    """
    last = re.split(r"[/\\]", name)[-1]
    last = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", last).strip(" .")
    stem, dot, suffix = last.rpartition(".")
    if len(last) > _LONGEST_NAME:
        last = stem[: _LONGEST_NAME - 10] + dot + suffix[:9]
    return last or "upload"
