"""Error responses: one sentence, as ``{"detail": ...}`` on ``/api``, as a problem document on ``/v1``.

References
----------
RFC 9457, *Problem Details for HTTP APIs*.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

PROBLEM_TYPE = "application/problem+json"

REASONS: dict[int, str] = {
    400: "called by a name that is not the server's, or a request that is not well formed",
    401: "the token is missing or wrong",
    403: "sent by a page of another site",
    404: "no such model",
    406: "no format has the media type asked for",
    408: "the file came too slowly",
    409: "the job is not done yet",
    411: "without Content-Length",
    413: "the file is too large",
    422: "not understood: no file, not audio, too long, or an unknown format",
    503: "too many files wait already, or the server is ending",
    507: "the disk is full",
}


class Refused(Exception):
    """A request that is not answered.

    Parameters
    ----------
    status : int
        Of HTTP.
    reason : str
        One sentence.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason

    def response(self, path: str = "") -> JSONResponse:
        """The response to the client, as the path asks for."""
        return refusal(path, self.status, self.reason)


class Problem(BaseModel):
    """What every refusal on ``/api`` is."""

    detail: str = Field(description="one sentence: what is wrong, and what to do")


class ProblemDetails(BaseModel):
    """What every refusal on ``/v1`` is: a problem document."""

    type: str = Field(default="about:blank", description="the status says it all")
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="one sentence: what is wrong, and what to do")


def refusal(path: str, status: int, reason: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A refusal in the form that belongs to a path."""
    headers = dict(headers or {})
    if status in (400, 408, 413):
        headers["Connection"] = "close"  # where one request ends and another begins is no longer sure
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = "10"
    if is_versioned(path):
        problem = ProblemDetails(title=HTTPStatus(status).phrase, status=status, detail=reason)
        return JSONResponse(problem.model_dump(), status, headers, media_type=PROBLEM_TYPE)
    return JSONResponse({"detail": reason}, status, headers)


def is_versioned(path: str) -> bool:
    """Whether a path is of the versioned interface.

    Examples
    --------
    >>> is_versioned("/v1/jobs"), is_versioned("/api/models"), is_versioned("/v10")
    (True, False, False)
    """
    return path == "/v1" or path.startswith("/v1/")


def refusals(*statuses: int, other: dict[int, str] | None = None) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of refusals on ``/api``."""
    return {status: {"model": Problem, "description": (other or REASONS)[status]} for status in statuses}


def problems(*statuses: int, other: dict[int, str] | None = None) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of refusals on ``/v1``."""
    content = {PROBLEM_TYPE: {"schema": ProblemDetails.model_json_schema()}}
    reasons = {**REASONS, **(other or {})}
    return {status: {"description": reasons[status], "content": content} for status in statuses}
