"""A made-up file whose events can be corrected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fake_session import FakeBackend, FakeFileSession

from irec_live.gui.requests import SourceRequest
from irec_live.results import Overview, Snapshot


class Reviewed(FakeFileSession):
    """A made-up file with corrections, paused at 80 s."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, progress=1.0)
        self.pause()
        self.seek(80.0)

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        picture = super().snapshot(span_s, end_s)
        return replace(picture, events=self.corrections.apply(picture.events, picture.time_s - span_s, picture.time_s))

    def overview(self) -> Overview:
        overview = super().overview()
        return replace(overview, events=self.corrections.apply(overview.events))


class ReviewBackend(FakeBackend):
    def open(self, request: SourceRequest, models: list) -> FakeFileSession:  # type: ignore[override, type-arg]
        if request.path is None:
            return super().open(request, models)  # type: ignore[return-value]
        return Reviewed(request.path)
