"""What a hostile client, page or file may do to the server: be refused, and keep nobody else from being served."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
import uvicorn
from click.testing import CliRunner
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from waiting import PATIENCE_S, wait_until

from irec_live.cli import main
from irec_live.web import connections, folders, guard, upload_analyzer
from irec_live.web.app import create_app
from irec_live.web.connections import BoundedConnection, bounded_connections
from irec_live.web.page import static_files

TOKEN = "a-token-of-tests"
LOCAL = "http://localhost"

Serve = Callable[[Any], TestClient]


@pytest.fixture(scope="module")
def client(own: list[Path]) -> Iterator[TestClient]:
    with TestClient(create_app(own, most_bytes=2_000_000, most_s=5.0, hosts=("localhost",)), base_url=LOCAL) as client:
        yield client


@contextlib.contextmanager
def served(app: ASGIApp, connection: type[BoundedConnection] | None = None) -> Iterator[int]:
    """The app at a port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=connection or bounded_connections(), ws="none", lifespan="off", log_level="error", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        listener.close()


def ask(port: int, request: bytes) -> bytes:
    """All that comes back from a request until the server closes the connection."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                answer += part
    return answer


def get_models(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/models", timeout=PATIENCE_S) as answer:
        return int(answer.status)


def flac(tmp_path: Path, seconds: float) -> Path:
    path = tmp_path / f"{seconds:g}.flac"
    soundfile.write(path, [0.0] * round(8000 * seconds), 8000)
    return path


def test_a_body_of_two_lengths_is_refused(own: list[Path]) -> None:
    """One that counts chunks and one that counts bytes would not see the same end."""
    with served(create_app(own)) as port:
        head = (
            b"POST /api/analyze HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"
        )
        answer = ask(port, head + b"4\r\nabcd\r\n0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"both a Content-Length and a Transfer-Encoding" in answer
        assert get_models(port) == 200


def test_lengths_that_are_none(client: TestClient) -> None:
    for length, status in (("x", 400), ("-1", 400), ("9" * 30, 413), ("2000001", 413)):
        answer = client.post("/api/analyze", content=b"abc", headers={"Content-Length": length})
        assert answer.status_code == status, answer.text


def test_sound_that_is_too_long_is_refused_by_what_is_decoded(client: TestClient, tmp_path: Path) -> None:
    long = flac(tmp_path, 6.0).read_bytes()
    answer = client.post("/api/analyze", files={"file": ("long.flac", long)})
    assert (answer.status_code, "more than 5 s of sound" in answer.json()["detail"]) == (422, True), answer.text
    # The header of the same file says 1 s, and that of a short one 100 hours.
    total_at = 8 + 13  # of STREAMINFO: the last 36 bits of bytes 10 to 17
    lying = bytearray(long)
    lying[total_at : total_at + 5] = bytes([long[total_at] & 0xF0, *(8000).to_bytes(4, "big")])
    answer = client.post("/api/analyze", files={"file": ("lying.flac", bytes(lying))})
    if answer.status_code == 200:  # a decoder that believes the header stops there
        assert answer.json()["duration_s"] <= 5.0
    else:
        assert "more than 5 s of sound" in answer.json()["detail"]
    boasting = bytearray(flac(tmp_path, 2.0).read_bytes())
    boasting[total_at : total_at + 5] = bytes([long[total_at] & 0xF0, *(8000 * 360_000 % 2**32).to_bytes(4, "big")])
    answer = client.post("/api/analyze", files={"file": ("boasting.flac", bytes(boasting))})
    assert answer.status_code == 200, answer.text
    assert answer.json()["duration_s"] == pytest.approx(2.0, abs=0.1)


def test_an_analysis_without_end_is_given_up(
    serve: Serve, own: list[Path], clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*_: object, cancel: threading.Event | None = None, **__: object) -> None:
        assert cancel is not None
        assert cancel.wait(PATIENCE_S)
        raise upload_analyzer.AnalysisCancelled

    monkeypatch.setattr(upload_analyzer, "analyze", endless)
    monkeypatch.setattr(upload_analyzer, "_SHORTEST_PATIENCE_S", 0.3)
    client = serve(create_app(own, most_s=0.3))
    answer = client.post("/api/analyze", files={"file": clip.read_bytes()})
    assert (answer.status_code, "was given up" in answer.json()["detail"]) == (503, True)


def test_uploads_that_wait_stop_nothing_else(own: list[Path], clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, running = threading.Event(), threading.Event()
    real = upload_analyzer.analyze

    def slow(*arguments: Any, **options: Any) -> Any:
        running.set()
        assert go_on.wait(PATIENCE_S)
        return real(*arguments, **options)

    monkeypatch.setattr(upload_analyzer, "analyze", slow)
    monkeypatch.setattr(guard, "MOST_UPLOADS", 46)
    statuses: list[int] = []
    with TestClient(create_app(own), base_url=LOCAL) as client:
        files = {"file": ("clip.wav", clip.read_bytes())}

        def upload() -> None:
            statuses.append(client.post("/api/analyze", files=files).status_code)

        senders = [threading.Thread(target=upload) for _ in range(60)]
        for sender in senders:
            sender.start()
        try:
            assert running.wait(PATIENCE_S)
            wait_until(lambda: client.get("/api/models").status_code == 200 and len(statuses) == 14)  # found no place
            assert statuses == [503] * 14
            assert client.get("/api/models").status_code == 200
        finally:
            go_on.set()
            for sender in senders:
                sender.join()
    assert statuses.count(200) == 46


def test_bodies_together_are_bounded(
    serve: Serve, own: list[Path], clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "HELD_BODIES", 0.5)
    size = len(clip.read_bytes())
    client = serve(create_app(own, most_bytes=size + 1000))
    for _ in range(2):  # and what was refused leaves its place
        answer = client.post("/api/analyze", files={"file": clip.read_bytes()})
        assert (answer.status_code, "try again later" in answer.json()["detail"]) == (503, True)
        assert answer.headers["retry-after"]
    monkeypatch.setattr(guard, "HELD_BODIES", 10)
    for _ in range(12):
        assert client.post("/api/analyze", files={"file": clip.read_bytes()}).status_code == 200


def test_a_form_of_many_parts_is_refused(client: TestClient) -> None:
    many = [("file", (f"{i}.wav", b"x")) for i in range(500)]
    answer = client.post("/api/analyze", files=many)
    assert (answer.status_code, "the form is not understood" in answer.json()["detail"]) == (400, True)
    answer = client.post("/api/analyze", data={str(i): "x" for i in range(500)}, files={"file": b"x"})
    assert answer.status_code == 400


def test_a_body_that_does_not_come_is_given_up(own: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_GRACE_S", 0.3)
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'
    head = b"POST /api/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with served(create_app(own)) as port:
        answer = ask(port, head + b"Content-Length: 100000\r\n\r\n" + part)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"came too slowly" in answer


def test_headers_that_do_not_come_are_given_up(own: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WAIT_S", 0.3)
    app = create_app(own)

    async def impatient_from_now_on(scope: Scope, receive: Receive, send: Send) -> None:
        monkeypatch.setattr(connections, "WAIT_S", 0.3)
        await app(scope, receive, send)

    with served(impatient_from_now_on) as port:
        assert ask(port, b"GET / HTTP/1.1\r\nHost: local") == b""
        monkeypatch.setattr(connections, "WAIT_S", 60.0)  # the first request must be there in time
        # After a whole request, too.
        answer = ask(port, b"GET /api/models HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: local")
        assert answer.startswith(b"HTTP/1.1 200")


def test_half_sent_headers_make_room_for_requests(own: list[Path]) -> None:
    class Few(BoundedConnection):
        most = 8

    with served(create_app(own), Few) as port, contextlib.ExitStack() as half_sent:
        for _ in range(100):
            connection = half_sent.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: local")
        assert [get_models(port) for _ in range(20)] == [200] * 20


def test_an_answer_that_nobody_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    async def much(_scope: Scope, _receive: Receive, send: Send) -> None:
        monkeypatch.setattr(connections, "WAIT_S", 0.3)  # not before: the request must be there in time
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(30):
            await send({"type": "http.response.body", "body": bytes(10**6), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        ended.set()

    with served(much) as port, socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert ended.wait(PATIENCE_S)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of descriptors there")
def test_few_descriptors_are_enough_and_nothing_fills_the_log(own: list[Path]) -> None:
    command = [sys.executable, "-m", "irec_live", "serve", "--port", "0", "--model", str(own[0])]
    limited = ["sh", "-c", 'ulimit -n 256 && exec "$@"', "sh", *command]
    with subprocess.Popen(limited, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        port = int(process.stderr.readline().split()[1].rstrip("/").rpartition(":")[2])
        with contextlib.ExitStack() as half_sent:
            for _ in range(400):
                connection = half_sent.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S))
                connection.sendall(b"GET / HTTP/1.1\r\nHost: local")
            assert get_models(port) == 200
        # Nor does a page of another site that asks for a stream again and again fill the log.
        foreign = (
            "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nOrigin: http://elsewhere.example\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
            connection.sendall(foreign.encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 403")
        process.send_signal(signal.SIGINT)
        assert (process.wait(PATIENCE_S), process.stderr.read()) == (0, "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 400),
        ({"Host": "127.0.0.1:8000"}, 200),
    ],
)
def test_pages_of_other_sites_are_refused(client: TestClient, headers: dict[str, str], status: int) -> None:
    answer = client.get("/api/models", headers=headers)
    assert answer.status_code == status
    assert status == 200 or isinstance(answer.json()["detail"], str)


def test_a_link_to_the_page_may_be_followed(client: TestClient) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=followed).status_code == 200
    assert client.get("/api/models", headers=followed).status_code == 403
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}).status_code == 403


def test_a_token_is_asked_for_everywhere(serve: Serve, own: list[Path], clip: Path) -> None:
    client = serve(create_app(own, token=TOKEN))
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/", "/api/models", "/openapi.json", "/nothing"):
        for query, headers in (
            ({}, {}),
            ({"token": "b"}, {}),
            ({}, {"Authorization": f"Bearer {TOKEN}x"}),
            ({}, {"Authorization": f"Basic {TOKEN}"}),
        ):
            answer = client.get(path, params=query, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert client.get(path, headers=bearer).status_code == (404 if path == "/nothing" else 200)
    assert client.get("/", params={"token": TOKEN}).status_code == 200
    assert client.get("/api/models", params={"token": TOKEN}).status_code == 401
    files = {"file": clip.read_bytes()}
    assert client.post("/api/analyze", files=files).status_code == 401
    assert client.post("/api/analyze", files=files, headers=bearer).status_code == 200
    assert "HTTPBearer" in client.get("/openapi.json", headers=bearer).json()["components"]["securitySchemes"]


@pytest.mark.parametrize("given", [None, TOKEN])
def test_other_machines_need_the_token(own: list[Path], given: str | None) -> None:
    command = [sys.executable, "-m", "irec_live", "serve", "--host", "0.0.0.0", "--port", "0", "--model", str(own[0])]
    with subprocess.Popen([*command, *(["--token", given] if given else [])], stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        url, _, token = run.stderr.readline().split()[1].partition("?token=")
        port = int(url.rstrip("/").rpartition(":")[2])
        assert token == "..." if given else len(token) >= 20

        def status(host: str, secret: str) -> int:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/models", headers={"Authorization": f"Bearer {secret}", "Host": host}
            )
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                error.close()
                return error.code

        right = given or token
        assert status(f"127.0.0.1:{port}", right) == 200
        assert status(f"{socket.gethostname()}:{port}", right) == 200
        assert status(f"127.0.0.1:{port}", "wrong") == 401
        assert status("evil.example", right) == 400
        run.send_signal(signal.SIGINT)
        assert run.wait(PATIENCE_S) == 0, run.stderr.read()


@pytest.mark.parametrize("token", ["short", "with\nline break", "ümlaut-token"])
def test_a_token_that_cannot_be_one(token: str, own: list[Path]) -> None:
    result = CliRunner().invoke(main, ["serve", "--token", token, "--model", str(own[0])])
    assert result.exit_code == 2
    assert "at least 8 characters" in result.stderr


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that ends a process at once")
def test_folders_of_a_killed_server_are_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = (
        "import sys, time; from irec_live.web.folders import upload_folder\n"
        "with upload_folder() as folder:\n"
        "    (folder / 'song.wav').write_bytes(bytes(1000)); print('ready', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert folders.clear_left_folders() == 0  # it lives
        assert len(list(tmp_path.glob("irec-live-*/song.wav"))) == 1
        process.kill()
    with folders.upload_folder() as mine:
        assert folders.clear_left_folders() == 1
        assert list(tmp_path.iterdir()) == [mine]


def test_only_folders_that_are_left_over_are_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "shared"))
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / ".lock").touch()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "irec-live-link").symlink_to(kept)
    (tmp_path / "shared" / "irec-live-young").mkdir()
    old = tmp_path / "shared" / "irec-live-old"
    old.mkdir()
    os.utime(old, (0, 0))
    assert folders.clear_left_folders() == 1
    assert (kept / ".lock").exists()
    assert not old.exists()
    assert (tmp_path / "shared" / "irec-live-young").exists()


def test_answers_are_those_described(serve: Serve, own: list[Path], clip: Path, tmp_path: Path) -> None:
    client = serve(create_app(own, most_bytes=2_000_000, token=TOKEN, hosts=("localhost",)))
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    described = client.get("/openapi.json", headers=bearer).json()
    sound = {"file": ("clip.wav", clip.read_bytes())}
    seen: dict[str, set[int]] = {}
    for method, path, options in (
        ("GET", "/", {}),
        ("GET", "/api/models", {}),
        ("GET", "/api/models", {"headers": {"Host": "evil.example"}}),
        ("GET", "/api/models", {"headers": {"Origin": "http://evil.example"}}),
        ("GET", "/", {"headers": {"Authorization": "x"}}),
        *(
            ("POST", "/api/analyze", {"files": sound, "params": {"format": form}})
            for form in ("json", "csv", "audacity")
        ),
        ("POST", "/api/analyze", {"files": sound, "params": {"format": "xml"}}),
        ("POST", "/api/analyze", {"files": sound, "params": {"model": "none"}}),
        ("POST", "/api/analyze", {"files": {"file": b"no sound"}}),
        ("POST", "/api/analyze", {"files": {"file": bytes(2_000_001)}}),
        ("POST", "/api/analyze", {"data": {"file": "x"}}),
        ("POST", "/api/analyze", {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
        ("POST", "/api/analyze", {"content": iter([b"x"])}),
        ("POST", "/api/analyze", {"files": sound, "headers": {"Origin": "http://evil.example"}}),
    ):
        headers = {**bearer, **options.pop("headers", {})}  # type: ignore[attr-defined]
        answer = client.request(method, path, headers=headers, **options)  # type: ignore[arg-type]
        seen.setdefault(path, set()).add(answer.status_code)
        responses = described["paths"][path][method.lower()]["responses"]
        assert str(answer.status_code) in responses, (path, answer.status_code, answer.text)
        contents = responses[str(answer.status_code)]["content"]
        assert answer.headers["content-type"].partition(";")[0] in contents
        if answer.status_code != 200:
            assert contents["application/json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert list(answer.json()) == ["detail"]
            assert isinstance(answer.json()["detail"], str)
    assert seen["/api/analyze"] == {200, 400, 403, 404, 411, 413, 422}
    assert "HTTPValidationError" not in json.dumps(described)


def test_the_page_sends_the_token_on() -> None:
    """Nothing but its one module asks the server."""
    asking = [name for name, content in static_files().items() if re.search(rb"fetch\(|XMLHttpRequest\(", content)]
    assert asking == ["service.js"]
    served = static_files()["service.js"].decode()
    assert served.count("fetch(") == served.count("{ ...headers,") == 1
    assert served.count("XMLHttpRequest(") == served.count("Object.entries(headers)") == 1
