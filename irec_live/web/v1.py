"""The versioned interface, ``/v1``: analyses at once or as jobs, models, formats, instruments."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, WebSocket
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from irec_live.assembly import with_offset
from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.instruments import INSTRUMENTS
from irec_live.web.api import ANALYSIS, FormatName, analysis_answer, model_entries
from irec_live.web.client_presence import Ending
from irec_live.web.error_responses import Refused, problems
from irec_live.web.jobs import KEPT_S, Job, Jobs
from irec_live.web.stream import Streams
from irec_live.web.upload_analyzer import UploadAnalyzer
from irec_live.web.uploads import FORM, safe_name, sent_file

SYNC_MOST_S = 600.0
"""Seconds of sound that are answered at once; longer files are for jobs."""

_MOST_OFFSET = 0.5  # as far as the window's slider goes, and more
_NO_JOB = {404: "no such job, or its result has expired"}
Responses = dict[int | str, dict[str, Any]]
"""What OpenAPI says of refusals, by status."""
JobName = Annotated[str, Path(max_length=64, description="what the job is known by")]
Models = Annotated[list[str] | None, Query(description="takes the place of the server's of its kind; may be repeated")]
Form = Annotated[FormatName | None, Query(description="by what Accept asks for if not given; json where it does not")]


class JobState(BaseModel):
    """How far a job is."""

    id: str = Field(description="what it is known by")
    file: str
    state: Literal["running", "done", "failed"]
    progress: float | None = Field(description="share done, 0 to 1; null where the file does not tell its length")
    seconds: float = Field(description="of sound, analysed so far")
    created: float = Field(description="seconds since 1970")
    detail: str | None = Field(default=None, description="why it failed, one sentence")
    expires_s: float | None = Field(default=None, description="seconds for which the result is still kept")


class ModelEntry(BaseModel, extra="allow"):
    """A model that can be named; the other fields are those of ``irec-live models --json``."""

    name: str
    default: bool = Field(description="whether it is used when none is named")


class FormatEntry(BaseModel, from_attributes=True):
    """A format that an analysis can have."""

    name: str
    title: str
    suffix: str
    media_type: str
    holds: str


class InstrumentEntry(BaseModel, from_attributes=True):
    """An instrument: its family and its colours, empty where it has none of its own."""

    label: str
    family: str
    on_dark: str
    on_light: str


def routes(analyzer: UploadAnalyzer, jobs: Jobs, streams: Streams, ending: Ending, common: Responses) -> APIRouter:
    """The paths, with what all of them may refuse."""
    router = APIRouter(prefix="/v1", tags=["v1"])
    _add_lists(router, analyzer, common)
    _add_analyze(router, analyzer, ending, common)
    _add_jobs(router, jobs, common)
    _add_results(router, analyzer, jobs, common)

    @router.websocket("/stream")
    async def stream(socket: WebSocket) -> None:
        await streams.serve(socket)

    return router


def _add_lists(router: APIRouter, analyzer: UploadAnalyzer, common: Responses) -> None:
    """What can be named: models, formats, instruments."""

    @router.get("/models", responses=common)
    def tell_models() -> list[ModelEntry]:
        own = {detector.spec.name for detector in analyzer.default}
        return [ModelEntry(default=entry["name"] in own, **entry) for entry in model_entries()]

    @router.get("/formats", responses=common)
    async def tell_formats() -> list[FormatEntry]:
        return [FormatEntry.model_validate(form) for form in FORMATS.values()]

    @router.get("/instruments", responses=common)
    async def tell_instruments() -> list[InstrumentEntry]:
        return [InstrumentEntry.model_validate(instrument) for instrument in INSTRUMENTS.values()]


def _add_analyze(router: APIRouter, analyzer: UploadAnalyzer, ending: Ending, common: Responses) -> None:
    """A file that is answered at once."""

    @router.post(
        "/analyze",
        response_class=Response,
        responses={200: ANALYSIS, **common, **problems(404, 406, 408, 411, 413, 422, 503, 507)},
        openapi_extra=FORM,
        description=f"Up to {SYNC_MOST_S / 60:g} minutes of sound; longer files are for POST /v1/jobs.",
    )
    async def analyze(request: Request, format: Form = None, model: Models = None) -> Response:
        form = format or wanted_format(request.headers.get("accept", ""))
        upload = await sent_file(request)
        try:
            content, warning = await analyzer.answer(
                upload.file,
                safe_name(upload.filename or ""),
                form,
                tuple(model or ()),
                ending.or_gone(request),
                SYNC_MOST_S,
            )
        finally:
            await upload.close()
        return analysis_answer(content, form, warning)


def _add_jobs(router: APIRouter, jobs: Jobs, common: Responses) -> None:
    """Jobs: begun, asked about, given up."""

    @router.post(
        "/jobs",
        status_code=202,
        responses={
            202: {
                "description": "the job has begun",
                "headers": {"Location": {"description": "where to ask for it", "schema": {"type": "string"}}},
            },
            **common,
            **problems(404, 408, 411, 413, 422, 503, 507),
        },
        openapi_extra=FORM,
        response_model=JobState,
    )
    async def begin(request: Request, model: Models = None) -> Response:
        upload = await sent_file(request)
        try:
            name = safe_name(upload.filename or "")
            job = await jobs.begin(upload.file, upload.size or 0, name, tuple(model or ()))
        finally:
            await upload.close()
        return JSONResponse(_state(job).model_dump(), 202, {"Location": f"/v1/jobs/{job.name}"})

    @router.get("/jobs/{job}", responses={**common, **problems(404, 422, other=_NO_JOB)})
    async def tell(job: JobName) -> JobState:
        return _state(jobs.get(job))

    @router.delete(
        "/jobs/{job}",
        status_code=204,
        response_class=Response,
        responses={**common, **problems(404, 422, other=_NO_JOB)},
    )
    async def remove(job: JobName) -> Response:
        jobs.remove(job)
        return Response(status_code=204)


def _add_results(router: APIRouter, analyzer: UploadAnalyzer, jobs: Jobs, common: Responses) -> None:
    """What a job has found, in any format and with the thresholds moved."""

    @router.get(
        "/jobs/{job}/result",
        response_class=Response,
        responses={200: ANALYSIS, **common, **problems(404, 406, 409, 413, 422, 500, 503, 507, other={
            **_NO_JOB, 500: "the analysis failed"})},
    )  # fmt: skip
    async def result(
        request: Request,
        job: JobName,
        format: Form = None,
        offset: Annotated[
            float, Query(ge=-_MOST_OFFSET, le=_MOST_OFFSET, description="added to every threshold")
        ] = 0.0,
    ) -> Response:
        form = format or wanted_format(request.headers.get("accept", ""))
        found, detectors = await jobs.result(job)
        lacking = FORMATS[form].lacks({detector.spec.kind for detector in detectors})
        if lacking:
            raise Refused(422, lacking)

        def render() -> bytes:
            return analyzer.render(with_offset(found, detectors, offset) if offset else found, form)

        return analysis_answer(await asyncio.to_thread(render), form, found.warning)


def wanted_format(accept: str) -> str:
    """The format that an ``Accept`` header asks for: the first of the highest quality.

    Raises
    ------
    Refused
        No format has such a media type.

    Examples
    --------
    >>> wanted_format(""), wanted_format("text/csv;q=0.9, application/json;q=0.5"), wanted_format("text/*")
    ('json', 'csv', 'csv')
    """
    choices = []
    for position, part in enumerate(accept.split(",")):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if media_type and quality > 0.0:
            choices.append((-quality, position, media_type))
    if not choices:
        return DEFAULT_FORMAT
    for _, _, media_type in sorted(choices):
        for form in FORMATS.values():
            if media_type in ("*/*", form.media_type, form.media_type.split("/")[0] + "/*"):
                return form.name
    known = dict.fromkeys(form.media_type for form in FORMATS.values())  # several are JSON
    raise Refused(406, f"there is no such format; these are: {', '.join(known)}")


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def _state(job: Job) -> JobState:
    done = job.state == "done"
    return JobState(
        id=job.name,
        file=job.file,
        state=job.state,
        progress=1.0 if done or job.running is None else job.running.share,
        seconds=round(_seconds(job), 3),
        created=round(job.created, 3),
        detail=None if job.refused is None else job.refused.reason,
        expires_s=None if job.state == "running" else round(max(0.0, KEPT_S - (time.monotonic() - job.ended)), 1),
    )


def _seconds(job: Job) -> float:
    if job.result is not None:
        return job.result.duration_s
    return 0.0 if job.running is None else job.running.seconds
