"""The web application: a page, the analysis of files that are sent, jobs, and what is to be known about the server.

==================================  ===================================================================
``GET /``, ``/static/...``          the page, and what belongs to it
``POST /v1/analyze``                multipart form with the audio file as ``file``; in the query ``format`` (a name of
                                    `irec_live.formats.FORMATS`, else by ``Accept``) and ``model`` (a name; takes the
                                    place of the server's model of its kind; may be repeated). The answer is what
                                    ``irec-live analyze`` prints
``POST /v1/jobs``                   the same for long files: the answer comes at once and tells the job's ``id``
``GET /v1/jobs/ID``                 how far it is
``GET /v1/jobs/ID/result``          what was found, in any ``format``, with thresholds moved by ``offset``
``DELETE /v1/jobs/ID``              gives it up
``GET /v1/models``, ``/formats``,   what can be named, and the instruments' colours
``/instruments``
``GET /api/models``,                the same as in earlier versions
``POST /api/analyze``
``WS /v1/stream``                   sound in, results out while it sounds: `irec_live.web.stream`
``GET /v1/library``,                how much the library holds; what a search in it finds; all of a recording; its sound
``/library/search``,                (`irec_live.web.sounds`)
``/library/recordings/SHA256``,
``/library/sound``
``GET /healthz``, ``/metrics``      that it lives; counters for Prometheus
``GET /openapi.json``               all this for programs
==================================  ===================================================================

What is wrong with a request is one sentence (`irec_live.web.error_responses`); bytes that are no HTTP get plain text.
Damage in a file that could be analysed all the same is reported in the header ``Irec-Warning``, percent-encoded. What
is refused before it is read: `irec_live.web.guard`. How several share the models: `irec_live.web.fairness`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from irec_live.analysis import AnalysisCancelled
from irec_live.errors import IrecError, ModelError
from irec_live.models.choice import ModelChoice
from irec_live.models.detector import Provider
from irec_live.web import api, library_routes, page, v1
from irec_live.web.client_presence import Ending
from irec_live.web.error_responses import Refused, is_versioned, problems, refusal, refusals
from irec_live.web.guard import HELD_BODIES, Guard
from irec_live.web.head_requests import HeadRequests
from irec_live.web.instrumentation import JsonLog, Observer
from irec_live.web.jobs import Jobs
from irec_live.web.metrics import MEDIA_TYPE, Metrics
from irec_live.web.stream import MOST_STREAMS, Streams
from irec_live.web.upload_analyzer import UploadAnalyzer
from irec_live.web.uploads import safe_name

__all__ = ["MOST_S", "create_app", "safe_name"]

MOST_S = 3600.0
"""Seconds of sound in one file, by default."""

logging.getLogger("python_multipart").addHandler(logging.NullHandler())  # it warns about malformed uploads


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
    log: JsonLog | None = None,
    most_streams: int = MOST_STREAMS,
    library: bool = True,
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
    log : JsonLog, optional
        Gets a line for every request.
    most_streams : int
        Open at once.
    library : bool
        Whether clients may search the library of this machine.

    Returns
    -------
    FastAPI
        Its lifespan, or `close_app`, ends what it has begun.

    Raises
    ------
    ModelError
        A model is missing or unusable.
    """
    metrics, ended = Metrics(), Ending(ending)
    analyzer = UploadAnalyzer(models, provider, hop_s, most_s, metrics)
    jobs = Jobs(analyzer, HELD_BODIES * most_bytes, metrics, ended)
    streams = Streams(analyzer, jobs, metrics, ended, token, most_streams)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await jobs.close()
        analyzer.close()

    # For the OpenAPI description only: the guard checks the token.
    documented = [Depends(HTTPBearer(auto_error=False))] if token is not None else []
    app = FastAPI(title="irec-live", docs_url=None, redoc_url=None, dependencies=documented, lifespan=lifespan)
    app.add_middleware(HeadRequests)
    app.add_middleware(Guard, hosts=hosts, token=token, most_bytes=most_bytes)
    app.add_middleware(Observer, metrics=metrics, log=log)  # the outermost: it counts what the guard refuses, too
    _add_handlers(app)
    always = (400, 401, 403) if token is not None else (400, 403)
    common = refusals(*always)
    app.include_router(page.routes(common))
    app.include_router(api.routes(analyzer, ended, common))
    app.include_router(v1.routes(analyzer, jobs, streams, ended, problems(*always)))
    app.include_router(library_routes.routes(problems(*always), shared=library))
    _add_own_state(app, metrics, common)
    return app


def _add_own_state(app: FastAPI, metrics: Metrics, common: dict[int | str, dict[str, Any]]) -> None:
    described = {"description": "counters, as Prometheus reads them", "content": {"text/plain": {"schema": {}}}}

    @app.get("/healthz", tags=["state"], responses=refusals(400, 403))
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics", tags=["state"], response_class=Response, responses={200: described, **common})
    async def measure() -> Response:
        return Response(metrics.text(), media_type=MEDIA_TYPE)


def _add_handlers(app: FastAPI) -> None:
    """Every exception as one sentence."""

    @app.exception_handler(IrecError)
    def refuse(request: Request, error: IrecError) -> JSONResponse:
        return refusal(request.url.path, 404 if isinstance(error, ModelError) else 422, str(error))

    @app.exception_handler(Refused)
    def turn_away(request: Request, error: Refused) -> JSONResponse:
        return error.response(request.url.path)

    @app.exception_handler(RequestValidationError)
    def correct(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return refusal(request.url.path, 422, f"{first['loc'][-1]}: {first['msg']}")

    @app.exception_handler(HTTPException)
    def unknown(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if is_versioned(request.url.path):
            if error.status_code == 405:  # of the first route alone, as it comes
                headers["Allow"] = ", ".join(_methods(request))
            return refusal(request.url.path, error.status_code, _sentence(error, headers), headers)
        return JSONResponse({"detail": error.detail}, error.status_code, headers)

    @app.exception_handler(OSError)
    def lack(request: Request, error: OSError) -> JSONResponse:
        reason = f"the server cannot keep the file while it listens: {error.strerror or error}"
        return refusal(request.url.path, 507, reason)

    @app.exception_handler(AnalysisCancelled)
    def give_up(request: Request, _error: AnalysisCancelled) -> JSONResponse:
        return refusal(request.url.path, 503, "the server is ending")

    @app.exception_handler(Exception)
    def fail(request: Request, _error: Exception) -> JSONResponse:
        return refusal(request.url.path, 500, "the server failed; its standard error has the reason")

    @app.exception_handler(ClientDisconnect)
    def let_go(request: Request, _error: ClientDisconnect) -> JSONResponse:
        return refusal(request.url.path, 400, "the file did not come whole")  # the client has gone


def _methods(request: Request) -> list[str]:
    """Methods that the request's path knows, which are several routes."""
    path = getattr(request.scope.get("route"), "path", "")
    return sorted(method.upper() for method in request.app.openapi()["paths"].get(path, {}))


def _sentence(error: HTTPException, headers: dict[str, str]) -> str:
    if error.status_code == 404:
        return "there is nothing at this path; GET /openapi.json lists what there is"
    if error.status_code == 405:
        return f"this path does not know the method; it takes {headers['Allow']}"
    return str(error.detail)
