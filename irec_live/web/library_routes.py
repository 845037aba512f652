"""The library over HTTP: how much it holds, what a search finds, all of a recording, and its sound. Reading only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from irec_live.batch.remote import as_url
from irec_live.errors import LibraryError, QueryError
from irec_live.library import EXAMPLES, Library
from irec_live.library.query import MOST_CHARACTERS
from irec_live.web.error_responses import Refused, problems
from irec_live.web.head_requests import HEAD_KEY
from irec_live.web.sounds import MEDIA_TYPE, SOUND_PATH, Sound, Sounds

MOST_MATCHES = 1000
_AT_ONCE = 2  # searches; DuckDB uses all processors for each
_FARTHEST = 10_000_000
_HASH = 64
_NOT_SHARED = "there is no library that may be searched here; irec-live library add DIR makes one"

Hash = Annotated[str, Path(max_length=_HASH, description="of the file, in hexadecimal")]
Result = TypeVar("Result")


class LibraryState(BaseModel):
    """How much the library holds."""

    exists: bool = Field(description="whether there is one, and it may be searched")
    files: int = 0
    recordings: int = Field(default=0, description="different contents of files")
    duration_s: float = 0.0
    labels: dict[str, float] = Field(default={}, description="seconds of each, most first")
    examples: list[str] = Field(default=[], description="queries to show what can be asked")


class FoundSpan(BaseModel):
    """Where a label plays."""

    label: str
    start_s: float
    end_s: float
    activation: float | None
    level_db: float | None


class Playable(BaseModel):
    """A recording that can be played."""

    path: str = Field(description="on the server's machine")
    sha256: str
    duration_s: float
    sound: str | None = Field(
        default=None,
        description="its sound, from the server's address on, as WAV and in ranges, for a day; null in object storage",
    )


class Found(Playable):
    """A file that a search found."""

    matched_s: float
    level_db: float | None
    spans: list[FoundSpan]


class FoundAll(BaseModel):
    """What a search found."""

    total: int
    matches: list[Found]


class WholeRecording(Playable):
    """All that is known of a recording."""

    name: str
    labels: list[str] = Field(description="that were looked for")
    detected: list[str] = Field(description="that last, the strongest first")
    warnings: list[str]
    spans: list[FoundSpan]


def routes(common: dict[int | str, dict[str, Any]], *, shared: bool) -> APIRouter:
    """The paths; `shared` is whether clients may see the library at all."""
    router = APIRouter(prefix="/v1/library", tags=["library"])
    library = _SharedLibrary(shared)
    held = {503: "another process holds the library"}

    @router.get("", responses={**common, **problems(503, other=held)})
    async def tell() -> LibraryState:
        return await library.look(library.state)

    @router.get(
        "/search",
        responses={
            **common,
            **problems(404, 422, 503, other={
                404: "there is no library, or it is not shared", 422: "the query is not understood", **held}),
        },
    )  # fmt: skip
    async def search(
        query: Annotated[str, Query(max_length=MOST_CHARACTERS, description="as of `irec-live library search`")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_MATCHES)] = 100,
        offset: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0,
    ) -> FoundAll:
        return await library.look(lambda: library.search(query, limit, offset))

    unknown = {404: "the library has no such recording, or is not shared", **held}

    @router.get("/recordings/{sha256}", responses={**common, **problems(404, 422, 503, other=unknown)})
    async def tell_all(sha256: Hash) -> WholeRecording:
        return await library.look(lambda: library.recording(sha256))

    @router.get(
        SOUND_PATH.removeprefix(router.prefix),
        response_class=Response,
        responses={
            200: {"description": "the sound", "content": {MEDIA_TYPE: {}}},
            206: {"description": "the range of it that was asked for, or its beginning", "content": {MEDIA_TYPE: {}}},
            416: {"description": "there are no such bytes"},
            **common,
            **problems(403, 404, 422, 503, other={
                **unknown, 403: "asked for by another site, or at an address that holds no more",
                422: "the file cannot be decoded, or is too long"}),
        },
        description="At an address that a search gave, which has the key; no token is needed.",
    )  # fmt: skip
    async def hear(
        request: Request,
        sha256: Annotated[str, Query(max_length=_HASH)],
        until: Annotated[int, Query(ge=0, le=2**53)],
        key: Annotated[str, Query(max_length=_HASH)],
    ) -> Response:
        library.sounds.keys.check(sha256, until, key)
        sound = await library.look(lambda: library.sound(sha256))
        wanted = request.headers.get("range", "")
        return library.sounds.answer(sound, wanted, body=HEAD_KEY not in request.scope)

    return router


class _SharedLibrary:
    """The library, as far as clients may see it.

    Parameters
    ----------
    shared : bool
        Whether they may at all.
    """

    def __init__(self, shared: bool) -> None:
        self._shared = shared
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.sounds = Sounds()

    async def look(self, work: Callable[[], Result]) -> Result:
        """Do something with the library when it is its turn: who waits takes no thread from others.

        Raises
        ------
        Refused
            The query is not understood, or another process holds the library.
        """
        try:
            async with self._turns:
                return await run_in_threadpool(work)
        except QueryError as error:
            raise Refused(422, f"query: {error}") from error
        except LibraryError as error:
            raise Refused(503, str(error)) from error

    def _library(self) -> Library:
        library = Library()
        if not self._shared or not library.exists():
            raise Refused(404, _NOT_SHARED)
        return library

    def state(self) -> LibraryState:
        """How much it holds."""
        library = Library()
        if not self._shared or not library.exists():
            return LibraryState(exists=False)
        stats = library.stats()
        return LibraryState(
            exists=True,
            files=stats.files,
            recordings=stats.recordings,
            duration_s=stats.duration_s,
            labels=stats.labels,
            examples=list(EXAMPLES),
        )

    def search(self, query: str, limit: int, offset: int) -> FoundAll:
        """A page of what a query finds."""
        found = self._library().search(query, limit=limit, offset=offset)
        matches = [Found(**match.to_dict(), sound=self._address(match.path, match.sha256)) for match in found.matches]
        return FoundAll(total=found.total, matches=matches)

    def recording(self, sha256: str) -> WholeRecording:
        """All of a recording."""
        library = self._library()
        places = library.places(sha256)
        if not places:
            raise Refused(404, "the library knows no such recording; search it again")
        one = library.show(places[0].path)
        return WholeRecording(**one.to_dict(), sound=self._address(one.path, sha256))

    def sound(self, sha256: str) -> Sound:
        """What can be heard of a recording."""
        return self.sounds.find(self._library(), sha256)

    def _address(self, path: str, sha256: str) -> str | None:
        return None if as_url(path) else self.sounds.keys.address(sha256)
