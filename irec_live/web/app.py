"""The web application: a page, the models, and the analysis of an uploaded file.

=============================  ========================================================================
``GET /``                      the page
``GET /api/models``            the models that can be named, as ``irec-live models --json`` has them
``POST /api/analyze``          multipart form with the audio file as ``file``; in the query ``format`` (a name of
                               `irec_live.formats.FORMATS`) and ``model`` (a name; takes the place of the server's
                               model of its kind; may be repeated). The answer is what ``irec-live analyze`` prints
=============================  ========================================================================

What is wrong with a request is one sentence, ``{"detail": ...}``, but for a host's name, refused before that. Damage in
a file that could be analysed all the same is told by the header ``Irec-Warning``, percent-encoded.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import threading
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from irec_live.analysis import AnalysisCancelled, analyze
from irec_live.errors import IrecError, ModelError
from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.models.catalog import list_models
from irec_live.models.choice import ModelChoice, load_models
from irec_live.models.detector import Detector, Provider

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_LOOK_S = 0.2  # how often to see whether anybody still waits
_LONGEST_NAME = 60  # characters of up to four bytes, of which file systems take 255

if TYPE_CHECKING:
    FormatName = str
else:  # what FastAPI checks and tells in its OpenAPI
    FormatName = Literal[tuple(FORMATS)]


def create_app(
    models: Sequence[ModelChoice] | None = None,
    *,
    provider: Provider = "auto",
    hop_s: float | None = None,
    most_bytes: int = 200_000_000,
    hosts: Sequence[str] = ("*",),
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
    hosts : sequence of str
        Names by which it may be called. A page of another site can have any name lead here; ``*`` allows that.
    ending : Event, optional
        Once it is set, what runs is given up.

    Raises
    ------
    ModelError
        A model is missing or unusable.
    """
    analyst = _Analyst(models, provider, hop_s)
    app = FastAPI(title="irec-live", docs_url=None, redoc_url=None)
    app.add_middleware(_Limit, most_bytes=most_bytes)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    page = files("irec_live.web").joinpath("page.html").read_text(encoding="utf-8")

    @app.exception_handler(IrecError)
    def refuse(_request: Request, error: IrecError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=404 if isinstance(error, ModelError) else 422)

    @app.exception_handler(RequestValidationError)
    def correct(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        reason = f"{first['loc'][-1]}: {first['msg']}"
        if first["loc"][0] == "body":
            reason = "send the audio as a file in the form's field 'file', as curl -F file=@song.flac does"
        return JSONResponse({"detail": reason}, status_code=422)

    @app.exception_handler(OSError)
    def lack(_request: Request, error: OSError) -> JSONResponse:
        return JSONResponse(
            {"detail": f"the server cannot keep the file while it listens: {error.strerror or error}"}, status_code=507
        )

    @app.get("/", response_class=HTMLResponse)
    async def show() -> HTMLResponse:
        return HTMLResponse(page, headers=_HEADERS)

    @app.get("/api/models")
    def tell_models() -> list[dict[str, Any]]:
        entries = [model.to_dict() for model in list_models()]
        return [{key: value for key, value in entry.items() if key != "path"} for entry in entries]

    @app.exception_handler(AnalysisCancelled)
    def give_up(_request: Request, _error: AnalysisCancelled) -> JSONResponse:
        return JSONResponse({"detail": "the server is ending"}, status_code=503)

    @app.post("/api/analyze")
    async def answer(
        request: Request,
        file: UploadFile,
        format: FormatName = DEFAULT_FORMAT,
        model: Annotated[list[str] | None, Query()] = None,
    ) -> Response:
        cancel = threading.Event()
        work = asyncio.create_task(
            run_in_threadpool(analyst.answer, file, format, tuple(model or ()), cancel)
        )  # in a thread: the page is there while a file is analysed
        try:
            while not (await asyncio.wait([work], timeout=_LOOK_S))[0]:
                if (ending is not None and ending.is_set()) or await request.is_disconnected():
                    cancel.set()
        finally:
            cancel.set()
        text, warning = await work
        headers = {"Irec-Warning": quote(warning)} if warning else None
        return Response(text.encode("utf-8", "surrogateescape"), media_type=FORMATS[format].media_type, headers=headers)

    return app


class _Analyst:
    """One analysis at a time, with models that are loaded once."""

    def __init__(self, models: Sequence[ModelChoice] | None, provider: Provider, hop_s: float | None) -> None:
        self._provider, self._hop_s = provider, hop_s
        self._default = load_models(models, provider)
        self._loaded: dict[str, Detector] = {}
        self._lock = threading.Lock()

    def answer(self, upload: UploadFile, form: str, names: tuple[str, ...], cancel: threading.Event) -> tuple[str, str]:
        """The file's analysis in a format, and the warning about the file.

        Raises
        ------
        AnalysisCancelled
            `cancel` was set, by whoever waits for it no more.
        """
        with tempfile.TemporaryDirectory(prefix="irec-live-") as folder:
            path = Path(folder) / safe_name(upload.filename or "")
            with path.open("wb") as copy:
                shutil.copyfileobj(upload.file, copy)
            while not self._lock.acquire(timeout=_LOOK_S):
                if cancel.is_set():
                    raise AnalysisCancelled
            try:
                detectors = self._named(names)
                lacking = FORMATS[form].lacks({detector.spec.kind for detector in detectors})
                if lacking:
                    raise ModelError(f"{lacking}; name one as model, too")
                found = analyze(path, models=detectors, hop_s=self._hop_s, provider=self._provider, cancel=cancel)
            finally:
                self._lock.release()
        return FORMATS[form].render(found), found.warning

    def _named(self, names: tuple[str, ...]) -> tuple[Detector, ...]:
        """The server's models, and in their place those named.

        By the names of the catalogue only: a path would let a stranger try the files of this machine.
        """
        known = {model.name: model.path for model in list_models()}
        for name in names:
            if name not in known:
                raise ModelError(f"there is no model named {name!r}; GET /api/models lists them")
            if name not in self._loaded:
                (self._loaded[name],) = load_models([known[name]], self._provider)
            spec = self._loaded[name].spec
            if self._hop_s is not None and spec.kind == "activation" and self._hop_s > spec.window_s:
                raise ModelError(f"this server's hop of {self._hop_s:g} s is longer than the window of {name}")
        chosen = load_models([self._loaded[name] for name in names], self._provider) if names else ()
        kinds = {detector.spec.kind for detector in chosen}
        return (*chosen, *(detector for detector in self._default if detector.spec.kind not in kinds))


class _Limit:
    """Turns away what is too large before it is read."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app, self._most = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            length = dict(scope["headers"]).get(b"content-length", b"")
            problem = None
            if not length.isdigit():
                problem = JSONResponse({"detail": "the request must say its length (Content-Length)"}, status_code=411)
            elif int(length) > self._most:
                reason = f"the file is larger than {self._most / 1e6:g} MB; use irec-live analyze"
                problem = JSONResponse({"detail": reason}, status_code=413)
            if problem is not None:
                await problem(scope, receive, send)
                return
        await self._app(scope, receive, send)


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
