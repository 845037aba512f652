"""The page and REST: what they answer, what they refuse, and that nothing of the machine leaks."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from starlette.testclient import TestClient
from waiting import PATIENCE_S, wait_until

import tiny_models
from irec_live import analyze
from irec_live.cli import main
from irec_live.formats import FORMATS
from irec_live.models.catalog import MODELS_DIR_VARIABLE
from irec_live.web.app import create_app, safe_name

Serve = Callable[[Any], TestClient]


@pytest.fixture(scope="module")
def client(own: list[Path]) -> Iterator[TestClient]:
    with TestClient(create_app(own, most_bytes=2_000_000), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_is_answered_as_analyze_does(client: TestClient, clip: Path, own: list[Path], form: str) -> None:
    answer = client.post("/api/analyze", params={"format": form}, files={"file": ("clip.wav", clip.read_bytes())})
    assert answer.status_code == 200, answer.text
    assert answer.content == FORMATS[form].content(analyze(clip, models=own))
    assert answer.headers["content-type"].split(";")[0] == FORMATS[form].media_type


def test_the_page_and_the_models(client: TestClient) -> None:
    page = client.get("/")
    assert "Choose a file" in page.text
    for answer in (page, client.get("/static/main.js")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
    for name in ("../app.py", "..%2Fapp.py", "nothing.js", "static_files"):
        assert client.get(f"/static/{name}").status_code == 404
    entries = client.get("/api/models").json()
    assert {"tutti-1s", "tutti-348ms"} <= {entry["name"] for entry in entries}
    assert all("path" not in entry for entry in entries)


def test_a_model_by_name_takes_the_place_of_its_kind(
    client: TestClient, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tiny_models.activation_spec(name="mine", labels=("flute", "kazoo"))
    (tmp_path / "mine.onnx").write_bytes(tiny_models.activation_model(spec))
    monkeypatch.setenv(MODELS_DIR_VARIABLE, str(tmp_path))
    files = {"file": ("clip.wav", clip.read_bytes())}
    found = client.post("/api/analyze", params={"model": "mine"}, files=files).json()
    assert "kazoo" in found.get("labels", ()), found
    assert len(found["models"]) == 2
    for name in ("nothing", str(tmp_path / "mine.onnx"), "../mine"):
        answer = client.post("/api/analyze", params={"model": name}, files=files)
        assert (answer.status_code, "there is no model named" in answer.json()["detail"]) == (404, True)


def test_what_is_no_audio_is_one_sentence(client: TestClient) -> None:
    for name, content in (("notes.wav", b"do re mi"), ("empty.flac", b""), ("", b"x")):
        answer = client.post("/api/analyze", files={"file": (name or "x", content)})
        assert answer.status_code == 422
        assert (name or "x") in answer.json()["detail"]
        assert "/" not in answer.json()["detail"]
    for arguments, reason in (
        ({}, "field 'file'"),
        ({"data": {"file": "song.wav"}}, "field 'file'"),
        ({"params": {"format": "mp3"}, "files": {"file": b"x"}}, "'audacity'"),
    ):
        answer = client.post("/api/analyze", **arguments)  # type: ignore[arg-type]
        assert (answer.status_code, reason in answer.json()["detail"]) == (422, True)


def test_what_is_too_large_is_turned_away_unread(client: TestClient) -> None:
    answer = client.post("/api/analyze", files={"file": ("long.wav", bytes(2_000_001))})
    assert (answer.status_code, "larger than 2 MB" in answer.json()["detail"]) == (413, True)
    answer = client.post("/api/analyze", content=iter([b"a", b"b"]))
    assert answer.status_code == 411


def test_what_the_server_cannot_do_is_one_sentence_too(
    serve: Serve, clip: Path, own: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {"file": ("clip.wav", clip.read_bytes())}
    short = tiny_models.activation_spec(name="short", window_length=4000, hop_length=400)
    (tmp_path / "short.onnx").write_bytes(tiny_models.activation_model(short))
    monkeypatch.setenv(MODELS_DIR_VARIABLE, str(tmp_path))
    client = serve(create_app(own[1:], hop_s=0.9))
    for query, reason in (({"format": "audacity"}, "an activation model"), ({"model": "short"}, "longer than the")):
        answer = client.post("/api/analyze", params=query, files=files)
        assert (answer.status_code, reason in answer.json()["detail"]) == (404, True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    answer = client.post("/api/analyze", files=files)
    assert (answer.status_code, "cannot keep the file" in answer.json()["detail"]) == (507, True)


def test_another_site_cannot_pass_for_this_machine(own: list[Path]) -> None:
    app = create_app(own, hosts=("localhost",))
    assert TestClient(app, base_url="http://localhost").get("/").status_code == 200
    assert TestClient(app, base_url="http://evil.example").get("/").status_code == 400


def test_names_of_files_stay_in_their_folder() -> None:
    for name in ("../a.wav", "/etc/a.wav", "C:\\a.wav", "x\x00/a.wav", "...", "\n", "a" * 300 + ".flac"):
        safe = safe_name(name)
        assert safe == Path(safe).name
        assert 0 < len(safe) <= 60
    assert safe_name("a" * 300 + ".flac").endswith(".flac")


def test_serving_until_interrupted(clip: Path, own: list[Path]) -> None:
    command = [sys.executable, "-m", "irec_live", "serve", "--port", "0"]
    for path in own:
        command += ["--model", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[1]
        with urllib.request.urlopen(url + "api/models", timeout=PATIENCE_S) as answer:
            assert json.load(answer)
        process.send_signal(signal.SIGINT)
        assert (process.wait(PATIENCE_S), process.stderr.read()) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("asked", ["SIGTERM", "SIGHUP"])
def test_serving_ends_as_the_system_asks_for_it(own: list[Path], asked: str) -> None:
    # These tests may be run where SIGHUP is ignored, which a server keeps to.
    start = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); from irec_live.__main__ import start; start()"
    command = [sys.executable, "-c", start, "serve", "--port", "0", "--log", "json", "--model", str(own[0])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        url = process.stderr.readline().split()[1]
        with urllib.request.urlopen(url + "api/models", timeout=PATIENCE_S) as answer:
            assert json.load(answer)
        process.send_signal(getattr(signal, asked))
        assert (process.wait(PATIENCE_S), process.stderr.read()) == (0, "")
        assert [json.loads(line)["event"] for line in process.stdout] == ["start", "request", "end"]


def test_what_nobody_waits_for_is_given_up(tmp_path: Path, own: list[Path]) -> None:
    """A client that goes, and a server that ends, leave no analysis running."""
    long = tmp_path / "long.flac"
    steps = np.random.default_rng(0).integers(-3000, 3000, 18_000)  # no silence, which would cost no time
    soundfile.write(long, np.repeat(steps, 1600).astype(np.int16), 16_000)
    command = [sys.executable, "-m", "irec_live", "serve", "--port", "0", "--model", str(own[0])]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[1]

        def upload() -> None:
            with contextlib.suppress(httpx2.HTTPError):
                httpx2.post(url + "api/analyze", files={"file": long.read_bytes()}, timeout=PATIENCE_S)

        def answered_now() -> int:
            """Requests; this question is one."""
            (number,) = re.findall(r"^irec_requests_open (\d+)", httpx2.get(url + "metrics").text, re.M)
            return int(number)

        with pytest.raises(httpx2.TimeoutException):
            httpx2.post(url + "api/analyze", files={"file": long.read_bytes()}, timeout=0.7)
        wait_until(lambda: answered_now() == 1)
        waiting = threading.Thread(target=upload)
        waiting.start()
        wait_until(lambda: answered_now() == 2)
        process.send_signal(signal.SIGINT)
        assert (process.wait(PATIENCE_S), process.stderr.read()) == (0, "")
        waiting.join()


def test_a_port_that_is_taken(own: list[Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, ["serve", "--port", port, "--model", str(own[0])])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "choose another --port" in result.stderr


def test_an_address_of_another_machine(own: list[Path]) -> None:
    for host in ("999.9.9.9", "192.0.2.1"):  # none at all, and one for examples
        result = CliRunner().invoke(main, ["serve", "--host", host, "--port", "0", "--model", str(own[0])])
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert "choose another --host" in result.stderr
        assert "(" not in result.stderr


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "irec_live.web.server", raising=False)  # another test may have loaded it
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = CliRunner().invoke(main, ["serve"])
    assert result.exit_code == 2
    assert "irec-live[web]" in result.stderr
