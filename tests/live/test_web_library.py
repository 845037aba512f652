"""The library over HTTP: what it finds, what can be heard of it, and who may not look or listen."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from irec_live.batch.writing import file_sha256
from irec_live.library import EXAMPLES, Library
from irec_live.library.exporting import write_clips
from irec_live.library.library import LIBRARY_VARIABLE
from irec_live.spool import printable
from irec_live.tables.recording import Recording, Span
from irec_live.web import sounds
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
    del found["matches"][0]["sound"]
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


RATE = 8000


def recording_of(path: Path, duration_s: float) -> Recording:
    return Recording(
        path=str(path),
        name=path.name,
        sha256=file_sha256(path),
        size_bytes=path.stat().st_size,
        duration_s=duration_s,
        settings="s",
        models=("m@0",),
        labels=("flute", "piano"),
        detected=("flute",),
        warnings=("a warning",),
        spans=(Span("flute", 0.5, 2.0, 0.9, -20.0), Span("piano", 1.0, 1.5, 0.6, None)),
    )


def add(library: Library, path: Path, samples: Any, **form: Any) -> str:
    """Write a sound file, add it to the library, and tell its hash."""
    soundfile.write(path, samples, RATE, **form)
    library.put([recording_of(path, len(samples) / RATE)], [path.stat().st_mtime_ns])
    return file_sha256(path)


@pytest.fixture
def samples() -> Any:
    return np.random.default_rng(0).uniform(-1, 1, (3 * RATE + 17, 2)).astype(np.float32)


@pytest.fixture
def known(library: Library, samples: Any, tmp_path: Path) -> Path:
    """A file of the library that is there, too."""
    path = tmp_path / "song.flac"
    add(library, path, samples)
    return path


def sound_of(client: TestClient, path: Path) -> str:
    address = client.get(f"/v1/library/recordings/{file_sha256(path)}").json()["sound"]
    assert isinstance(address, str)
    return "/" + address


def test_a_recording_is_told_whole(serve: Serve, tiny_activation_path: Path, library: Library, known: Path) -> None:
    client = serve(create_app([tiny_activation_path]))
    told = client.get(f"/v1/library/recordings/{file_sha256(known)}").json()
    assert (told["name"], told["detected"], told["warnings"]) == ("song.flac", ["flute"], ["a warning"])
    assert [(span["label"], span["end_s"]) for span in told["spans"]] == [("flute", 2.0), ("piano", 1.5)]
    assert client.get("/v1/library/recordings/nothing").status_code == 404


def test_what_is_heard_is_what_was_analysed(
    serve: Serve, tiny_activation_path: Path, known: Path, samples: Any
) -> None:
    client = serve(create_app([tiny_activation_path]))
    answer = client.get(sound_of(client, known))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    heard, rate = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    assert (rate, heard.shape) == (RATE, samples.shape)
    assert np.abs(heard - samples).max() < 2 / 32767


@pytest.mark.parametrize(("form", "channels", "heard"), [("WAV", 6, 1), ("AIFF", 1, 1), ("CAF", 2, 2)])
def test_formats_that_browsers_lack_are_converted(
    serve: Serve, tiny_activation_path: Path, library: Library, tmp_path: Path, form: str, channels: int, heard: int
) -> None:
    add(library, path := tmp_path / "a.x", np.full((RATE, channels), 0.25), format=form, subtype="PCM_24")
    client = serve(create_app([tiny_activation_path]))
    samples, _ = soundfile.read(io.BytesIO(client.get(sound_of(client, path)).content), always_2d=True)
    assert samples.shape == (RATE, heard)
    assert np.abs(samples - 0.25).max() < 1e-4


def test_any_range_is_that_part_of_the_whole(
    serve: Serve, tiny_activation_path: Path, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(create_app([tiny_activation_path]))
    address = sound_of(client, known)
    whole = client.get(address).content
    size, chance = len(whole), np.random.default_rng(1)
    asked = [tuple(sorted(chance.integers(0, size, 2).tolist())) for _ in range(6)]
    for first, last in [(0, 0), (0, 1), (40, 50), (43, 44), (44, size - 1), (size - 1, size + 9), *asked]:
        answer = client.get(address, headers={"Range": f"bytes={first}-{last}"})
        assert answer.status_code == 206
        assert answer.content == whole[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{min(last, size - 1)}/{size}"
    assert client.get(address, headers={"Range": "bytes=-100"}).content == whole[-100:]
    assert client.get(address, headers={"Range": "Bytes=7-9"}).content == whole[7:10]
    monkeypatch.setattr(sounds, "MOST_BYTES", 1000)
    assert client.get(address, headers={"Range": "bytes=5-"}).content == whole[5:1005]
    beyond = client.get(address, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    for header in ("bytes=9-3", "bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes=" + "9" * 30 + "-"):
        assert client.get(address, headers={"Range": header}).content == whole


def test_a_header_alone_costs_no_sound(
    serve: Serve, tiny_activation_path: Path, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(create_app([tiny_activation_path]))
    address = sound_of(client, known)
    wanted = {path: client.get(path).headers for path in ("/", "/healthz", address)}
    monkeypatch.setattr(sounds, "open_audio", lambda *_, **__: pytest.fail("it was decoded"))
    for path, headers in wanted.items():
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == headers["content-length"]
    assert client.head(address, headers={"Range": "bytes=0-9"}).headers["content-length"] == "10"
    assert client.head("/v1/nothing").status_code == 404
    assert client.head("/v1/analyze").status_code == 405


def test_a_file_that_is_shorter_than_it_was_ends_in_silence(
    serve: Serve, tiny_activation_path: Path, library: Library, known: Path, samples: Any
) -> None:
    longer = recording_of(known, len(samples) / RATE + 2.5)
    library.put([longer], [known.stat().st_mtime_ns])
    client = serve(create_app([tiny_activation_path]))
    answer = client.get(sound_of(client, known))
    assert len(answer.content) == int(answer.headers["content-length"])
    heard, _ = soundfile.read(io.BytesIO(answer.content))
    assert len(heard) == len(samples) + 2.5 * RATE
    assert not heard[len(samples) :].any()


def test_only_contents_that_the_library_knows_are_sent(
    serve: Serve, tiny_activation_path: Path, library: Library, known: Path, samples: Any, tmp_path: Path
) -> None:
    client = serve(create_app([tiny_activation_path]))
    address = sound_of(client, known)
    copy = tmp_path / "copy.flac"
    shutil.copy(known, copy)
    os.utime(known, ns=(1, 1))
    assert client.get(address).status_code == 200  # touched, not changed
    soundfile.write(known, samples[::-1], RATE)
    assert client.get(address).status_code == 404
    known.unlink()
    known.symlink_to(tmp_path / "library.duckdb")
    refusal = client.get(address)
    assert (refusal.status_code, refusal.headers["content-type"]) == (404, "application/problem+json")
    assert "library add" in refusal.json()["detail"]
    # Another file of the same content stands for it.
    library.put([replace(recording_of(copy, len(samples) / RATE))], [0])
    assert client.get(address).status_code == 200
    library.remove_files([str(known), str(copy)])
    assert client.get(address).status_code == 404


def test_an_address_holds_for_one_content_and_a_day(
    serve: Serve, tiny_activation_path: Path, library: Library, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(create_app([tiny_activation_path], token="a-token-of-tests"))
    holder = {"Authorization": "Bearer a-token-of-tests"}
    assert client.get("/v1/library/search").status_code == 401
    found = client.get("/v1/library/search", headers=holder).json()["matches"]
    address = next("/" + match["sound"] for match in found if match["path"] == str(known))
    assert client.get(address).status_code == 200  # a player sends no token
    assert client.get(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get(address, headers={"Host": "elsewhere.example"}).status_code == 200  # all names are allowed here
    digits = address.rpartition("=")[2]
    for other in (
        address[:-1] + ("0" if digits[-1] != "0" else "1"),
        address.replace(file_sha256(known), "flute" * 4),
        address.replace("until=", "until=9"),
        address.replace(digits, "ü"),
    ):
        assert client.get(other).status_code == 403
    assert client.get(address.partition("&")[0]).status_code == 422
    now = sounds.time.time()
    monkeypatch.setattr(sounds.time, "time", lambda: now + sounds.KEY_S + 2)
    assert client.get(address).status_code == 403
    closed = serve(create_app([tiny_activation_path], library=False))
    assert closed.get("/v1/library/recordings/" + file_sha256(known)).status_code == 404


def test_object_storage_is_not_heard(serve: Serve, tiny_activation_path: Path, library: Library, known: Path) -> None:
    library.put([replace(recording_of(known, 3.0), path="s3://bucket/song.flac", sha256="far")])
    client = serve(create_app([tiny_activation_path]))
    assert client.get("/v1/library/recordings/far").json()["sound"] is None


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_a_name_that_is_no_text_is_heard_and_cut_out(
    serve: Serve, tiny_activation_path: Path, library: Library, known: Path, tmp_path: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.flac"))
    known.rename(odd)
    library.put([replace(recording_of(odd, 3.0), path=printable(odd))], [odd.stat().st_mtime_ns])
    client = serve(create_app([tiny_activation_path]))
    assert client.get(sound_of(client, odd)).status_code == 200
    found = [match for match in library.search("flute").matches if match.path == printable(odd)]
    written = list(write_clips(found, tmp_path / "clips"))
    assert [(path is not None and path.name, reason) for path, reason in written] == [
        ("caf\\xe9-flute-00000.50.wav", "")
    ]
