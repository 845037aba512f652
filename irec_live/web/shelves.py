"""The library over HTTP: how much it holds, and what a search finds. Reading only; files are named, never sent."""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from irec_live.errors import LibraryError, QueryError
from irec_live.library.query import MOST_CHARACTERS
from irec_live.web.answers import Refused, problems

MOST_MATCHES = 1000
_AT_ONCE = 2  # searches; DuckDB uses all processors for each
_FARTHEST = 10_000_000


class LibraryState(BaseModel):
    """How much the library holds."""

    exists: bool = Field(description="whether there is one, and it may be searched")
    files: int = 0
    recordings: int = Field(default=0, description="different contents of files")
    duration_s: float = 0.0
    labels: dict[str, float] = Field(default={}, description="seconds of each, most first")
    examples: list[str] = Field(default=[], description="queries to show what can be asked")


class FoundSpan(BaseModel):
    """Where it is heard."""

    label: str
    start_s: float
    end_s: float
    activation: float | None
    level_db: float | None


class Found(BaseModel):
    """A file that a search found."""

    path: str = Field(description="on the server's machine")
    sha256: str
    duration_s: float
    matched_s: float
    level_db: float | None
    spans: list[FoundSpan]


class FoundAll(BaseModel):
    """What a search found."""

    total: int
    matches: list[Found]


def routes(common: dict[int | str, dict[str, Any]], *, shared: bool) -> APIRouter:
    """The paths; `shared` is whether clients may see the library at all."""
    router = APIRouter(prefix="/v1/library", tags=["library"])
    turns = threading.BoundedSemaphore(_AT_ONCE)

    @router.get("", responses={**common, **problems(503, other={503: "another process holds the library"})})
    def tell() -> LibraryState:
        from irec_live.library import EXAMPLES, Library

        library = Library()
        if not shared or not library.exists():
            return LibraryState(exists=False)
        try:
            stats = library.stats()
        except LibraryError as error:
            raise Refused(503, str(error)) from error
        return LibraryState(
            exists=True,
            files=stats.files,
            recordings=stats.recordings,
            duration_s=stats.duration_s,
            labels=stats.labels,
            examples=list(EXAMPLES),
        )

    @router.get(
        "/search",
        responses={
            **common,
            **problems(404, 422, 503, other={
                404: "there is no library, or it is not shared", 422: "the query is not understood",
                503: "another process holds the library"}),
        },
    )  # fmt: skip
    def search(
        query: Annotated[str, Query(max_length=MOST_CHARACTERS, description="as of `irec-live library search`")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_MATCHES)] = 100,
        offset: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0,
    ) -> FoundAll:
        from irec_live.library import Library

        library = Library()
        if not shared or not library.exists():
            raise Refused(404, "there is no library that may be searched here; irec-live library add DIR makes one")
        try:
            with turns:
                found = library.search(query, limit=limit, offset=offset)
        except QueryError as error:
            raise Refused(422, f"query: {error}") from error
        except LibraryError as error:
            raise Refused(503, str(error)) from error
        return FoundAll.model_validate(found.to_dict())

    return router
