"""The first interface, ``/api``: kept as it was, for programs that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.models.catalog import list_models
from irec_live.web.client_presence import Ending
from irec_live.web.error_responses import refusals
from irec_live.web.upload_analyzer import UploadAnalyzer
from irec_live.web.uploads import FORM, safe_name, sent_file

if TYPE_CHECKING:
    FormatName = str
else:  # what FastAPI checks and tells in its OpenAPI
    FormatName = Literal[tuple(FORMATS)]

ANALYSIS: dict[str, Any] = {
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
"""What OpenAPI says of an analysis that is answered."""


def routes(analyzer: UploadAnalyzer, ending: Ending, common: dict[int | str, dict[str, Any]]) -> APIRouter:
    """The paths, with what all of them may refuse."""
    router = APIRouter(prefix="/api", tags=["first interface"])

    @router.get("/models", responses=common)
    def tell_models() -> list[dict[str, Any]]:
        return model_entries()

    @router.post(
        "/analyze",
        response_class=Response,
        responses={200: ANALYSIS, **common, **refusals(404, 408, 411, 413, 422, 503, 507)},
        openapi_extra=FORM,
    )
    async def answer(
        request: Request,
        format: FormatName = DEFAULT_FORMAT,
        model: Annotated[list[str] | None, Query()] = None,
    ) -> Response:
        upload = await sent_file(request)
        try:
            content, warning = await analyzer.answer(
                upload.file, safe_name(upload.filename or ""), format, tuple(model or ()), ending.or_gone(request)
            )
        finally:
            await upload.close()
        return analysis_answer(content, format, warning)

    return router


def model_entries() -> list[dict[str, Any]]:
    """The models that can be named, without where they are."""
    entries = [model.to_dict() for model in list_models()]
    return [{key: value for key, value in entry.items() if key != "path"} for entry in entries]


def analysis_answer(content: bytes, form: str, warning: str) -> Response:
    """An analysis in a format, and the warning about its file."""
    headers = {"Irec-Warning": quote(warning)} if warning else None
    return Response(content, media_type=FORMATS[form].media_type, headers=headers)
