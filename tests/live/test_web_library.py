"""The library over HTTP: what it finds, and who may not look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from irec_live.library import EXAMPLES, Library
from irec_live.library.library import LIBRARY_VARIABLE
from irec_live.tables.recording import Recording, Span
from irec_live.web.app import create_app

Serve = Callable[[Any], TestClient]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of one file with a flute and one with a piano."""
    path = tmp_path / "library.duckdb"
    monkeypatch.setenv(LIBRARY_VARIABLE, str(path))
    library = Library()
    library.put(
        [
            Recording(
                path=f"/music/{label}.flac",
                name=f"{label}.flac",
                sha256=label * 4,
                size_bytes=1000,
                duration_s=20.0,
                settings="s",
                models=("m@0",),
                labels=("flute", "piano"),
                detected=(label,),
                warnings=(),
                spans=(Span(label, 1.0, 13.0, 0.9, -20.0),),
            )
            for label in ("flute", "piano")
        ]
    )
    return library


def test_a_search_finds_files_and_spans(serve: Serve, tiny_activation_path: Path, library: Library) -> None:
    client = serve(create_app([tiny_activation_path]))
    state = client.get("/v1/library").json()
    assert (state["exists"], state["files"], state["duration_s"]) == (True, 2, 40.0)
    assert state["examples"] == list(EXAMPLES)
    assert str(library.path) not in str(state)
    found = client.get("/v1/library/search", params={"query": "flute for at least 10 s"}).json()
    assert (found["total"], found["matches"][0]["path"]) == (1, "/music/flute.flac")
    assert found == library.search("flute for at least 10 s").to_dict()
    page = client.get("/v1/library/search", params={"limit": 1, "offset": 1}).json()
    assert (page["total"], len(page["matches"])) == (2, 1)


def test_what_is_not_understood_is_one_sentence(serve: Serve, tiny_activation_path: Path, library: Library) -> None:
    client = serve(create_app([tiny_activation_path]))
    described = client.get("/openapi.json").json()["paths"]["/v1/library/search"]["get"]["responses"]
    for parameters in ({"query": "kazoo and"}, {"limit": 0}, {"query": "x" * 2000}, {"offset": -1}):
        answer = client.get("/v1/library/search", params=parameters)
        assert (answer.status_code, "422" in described) == (422, True)
        assert answer.headers["content-type"] == "application/problem+json"
    library.path.write_bytes(b"not a library")
    assert client.get("/v1/library/search", params={"query": "flute"}).status_code == 503
    assert client.get("/v1/library").status_code == 503


def test_no_library_is_told_and_one_that_is_not_shared_is_not(
    serve: Serve, tiny_activation_path: Path, library: Library
) -> None:
    closed = serve(create_app([tiny_activation_path], library=False))
    assert closed.get("/v1/library").json()["exists"] is False
    assert closed.get("/v1/library/search").status_code == 404
    library.path.unlink()
    client = serve(create_app([tiny_activation_path]))
    assert client.get("/v1/library").json()["exists"] is False
    assert "library add" in client.get("/v1/library/search").json()["detail"]
