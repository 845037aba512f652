"""The versioned interface: analyses, jobs, and what the server tells of itself."""

from __future__ import annotations

import errno
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from waiting import PATIENCE_S, wait_until

from irec_live.analysis import analyze, check_channel
from irec_live.assembly import with_offset
from irec_live.formats import FORMATS
from irec_live.instruments import INSTRUMENTS
from irec_live.media import open_audio
from irec_live.models.choice import load_models
from irec_live.streaming.pipeline import Pipeline
from irec_live.web import jobs, upload_analyzer, v1
from irec_live.web.app import create_app
from irec_live.web.instrumentation import JsonLog

TOKEN = "a-token-of-tests"
Serve = Callable[[Any], TestClient]


@pytest.fixture(scope="module")
def client(own: list[Path]) -> Iterator[TestClient]:
    with TestClient(create_app(own, most_bytes=2_000_000), base_url="http://localhost") as client:
        yield client


def sound(clip: Path) -> dict[str, tuple[str, bytes]]:
    return {"file": ("clip.wav", clip.read_bytes())}


def ended(client: TestClient, job: str) -> dict[str, Any]:
    """A job's state once it is done."""
    wait_until(lambda: client.get(job).json()["state"] != "running")
    state: dict[str, Any] = client.get(job).json()
    return state


def is_problem(answer: httpx2.Response, status: int, reason: str = "") -> bool:
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert problem.keys() == {"type", "title", "status", "detail"}
    assert (answer.status_code, problem["status"]) == (status, status), answer.text
    assert reason in problem["detail"], answer.text
    return True


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_by_name(client: TestClient, clip: Path, own: list[Path], form: str) -> None:
    answer = client.post("/v1/analyze", params={"format": form}, files=sound(clip))
    assert answer.status_code == 200, answer.text
    assert answer.content == FORMATS[form].content(analyze(clip, models=own))


def test_a_format_by_what_is_accepted(client: TestClient, clip: Path) -> None:
    for accept, media_type in (
        ("text/csv", "text/csv"),
        ("text/plain;q=0.1, application/json", "application/json"),
        ("*/*", "application/json"),
    ):
        answer = client.post("/v1/analyze", files=sound(clip), headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == media_type
    refused = client.post("/v1/analyze", files=sound(clip), headers={"Accept": "image/png"})
    assert is_problem(refused, 406, "text/csv")
    assert refused.json()["detail"].count("application/json") == 1


def test_an_unknown_model_is_answered_with_those_there_are(client: TestClient, clip: Path) -> None:
    for address in ("/v1/analyze", "/api/analyze"):
        said = client.post(address, files=sound(clip), params={"model": "mine"}).json()["detail"]
        assert said.startswith("there is no model named 'mine'; there are ")
        assert "/api" not in said
        assert "bosch" in said


def test_long_sound_is_for_jobs(client: TestClient, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v1, "SYNC_MOST_S", 2.0)
    assert is_problem(client.post("/v1/analyze", files=sound(clip)), 413, "POST /v1/jobs")
    assert client.post("/api/analyze", files=sound(clip)).status_code == 200


def test_a_job_from_its_beginning_to_its_result(
    client: TestClient, clip: Path, own: list[Path], temporary: Path
) -> None:
    begun = client.post("/v1/jobs", files=sound(clip))
    assert (begun.status_code, begun.json()["file"]) == (202, "clip.wav")
    where = begun.headers["location"]
    assert where == f"/v1/jobs/{begun.json()['id']}"
    state = ended(client, where)
    assert (state["state"], state["progress"], state["detail"]) == ("done", 1.0, None)
    assert list(temporary.iterdir()) == []
    found = analyze(clip, models=own)
    for form in FORMATS:
        answer = client.get(f"{where}/result", params={"format": form})
        assert (answer.status_code, answer.content) == (200, FORMATS[form].content(found))
    moved = client.get(f"{where}/result", params={"offset": 0.2}).json()
    assert moved == json.loads(with_offset(found, load_models(own), 0.2).to_json())
    assert moved["events"] != found.to_dict()["events"]
    assert is_problem(client.get(f"{where}/result", params={"offset": 7}), 422, "offset")
    assert client.delete(where).status_code == 204
    for answer in (client.get(where), client.get(f"{where}/result"), client.delete(where)):
        assert is_problem(answer, 404, "no such job")


def test_moved_thresholds_are_those_of_an_analysis_with_them(clip: Path, own: list[Path]) -> None:
    models = load_models(own)
    with open_audio(clip) as audio:
        check_channel(audio, None)
        pipeline = Pipeline(audio.sample_rate, models, spectrogram=False)
        pipeline.set_threshold_offset(0.25)
        for block in audio.blocks(audio.block_of(1.0)):
            pipeline.push(block)
        pipeline.flush()
    found = analyze(clip, models=models)
    moved = with_offset(found, models, 0.25)
    inner = [(event.label, event.activation) for event in pipeline.timeline.events()]
    assert [(event.label, event.activation) for event in moved.events] == inner
    assert with_offset(found, models, 0.0).to_json() == found.to_json()


def test_a_job_on_what_is_no_audio_tells_why(client: TestClient, temporary: Path) -> None:
    where = client.post("/v1/jobs", files={"file": ("notes.wav", b"do re mi")}).headers["location"]
    state = ended(client, where)
    assert state["state"] == "failed"
    assert "notes.wav" in state["detail"]
    assert is_problem(client.get(f"{where}/result"), 422, "notes.wav")
    assert list(temporary.iterdir()) == []


def test_jobs_are_bounded_and_can_be_given_up(
    serve: Serve, own: list[Path], clip: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = threading.Event()

    def endless(*_: object, cancel: threading.Event | None = None, **__: object) -> None:
        assert cancel is not None
        assert cancel.wait(PATIENCE_S)
        given_up.set()
        raise upload_analyzer.AnalysisCancelled

    monkeypatch.setattr(upload_analyzer, "analyze", endless)
    monkeypatch.setattr(jobs, "MOST_RUNNING", 1)
    client = serve(create_app(own))
    where = client.post("/v1/jobs", files=sound(clip)).headers["location"]
    assert client.get(where).json()["state"] == "running"
    assert is_problem(client.get(f"{where}/result"), 409, "not done yet")
    assert is_problem(client.post("/v1/jobs", files=sound(clip)), 503, "try again later")
    assert len(list(temporary.iterdir())) == 1
    assert client.delete(where).status_code == 204
    assert given_up.wait(PATIENCE_S)
    wait_until(lambda: client.get("/healthz") and not list(temporary.iterdir()))


def test_a_server_that_ends_gives_its_jobs_up(
    own: list[Path], clip: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*_: object, cancel: threading.Event | None = None, **__: object) -> None:
        assert cancel is not None
        assert cancel.wait(PATIENCE_S)
        raise upload_analyzer.AnalysisCancelled

    monkeypatch.setattr(upload_analyzer, "analyze", endless)
    with TestClient(create_app(own), base_url="http://localhost") as client:
        assert client.post("/v1/jobs", files=sound(clip)).status_code == 202
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []


def test_results_expire_and_make_room(
    serve: Serve, own: list[Path], clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(create_app(own))
    first, second = (client.post("/v1/jobs", files=sound(clip)).headers["location"] for _ in range(2))
    for where in (first, second):
        assert ended(client, where)["expires_s"] > 3000
    monkeypatch.setattr(jobs, "KEPT_BYTES", 1)
    assert {client.get(where).status_code for where in (first, second)} == {200, 404}  # the newest always stays
    monkeypatch.setattr(jobs, "KEPT_S", 0.0)
    assert {client.get(where).status_code for where in (first, second)} == {404}


def test_models_formats_and_instruments(client: TestClient) -> None:
    models = client.get("/v1/models").json()
    assert {"tutti-1s", "tutti-348ms"} <= {entry["name"] for entry in models}
    assert all("path" not in entry and "default" in entry for entry in models)
    assert [entry["name"] for entry in client.get("/v1/formats").json()] == [*FORMATS]
    colors = {entry["label"]: entry["on_dark"] for entry in client.get("/v1/instruments").json()}
    assert colors == {label: instrument.on_dark for label, instrument in INSTRUMENTS.items()}


def test_problems_of_the_versioned_interface_alone_are_problem_documents(client: TestClient, clip: Path) -> None:
    assert is_problem(client.get("/v1/nothing"), 404, "/openapi.json")
    assert is_problem(client.get("/v1/analyze"), 405, "POST")
    assert is_problem(client.get("/v1/models", headers={"Origin": "https://evil.example"}), 403, "evil.example")
    assert is_problem(client.post("/v1/analyze", files={"file": bytes(2_000_001)}), 413, "larger than 2 MB")
    assert is_problem(client.post("/v1/analyze", params={"model": "none"}, files=sound(clip)), 404, "no model named")
    other = client.request("OPTIONS", "/v1/jobs/x")
    assert (is_problem(other, 405, "DELETE, GET"), other.headers["allow"]) == (True, "DELETE, GET")
    assert client.get("/api/nothing").json() == {"detail": "Not Found"}
    assert client.get("/api/analyze").json() == {"detail": "Method Not Allowed"}


def test_a_fault_of_our_own_is_a_problem_too(
    own: list[Path], clip: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(upload_analyzer, "analyze", faulty)
    app = create_app(own)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        assert is_problem(client.post("/v1/analyze", files=sound(clip)), 500, "the server failed")
        where = client.post("/v1/jobs", files=sound(clip)).headers["location"]
        assert ended(client, where)["detail"] == "the analysis failed: ZeroDivisionError"
        assert is_problem(client.get(f"{where}/result"), 500)
    assert list(temporary.iterdir()) == []


def test_the_token_is_asked_for_but_for_life_signs(serve: Serve, own: list[Path]) -> None:
    client = serve(create_app(own, token=TOKEN))
    for path in ("/v1/models", "/v1/jobs/x", "/v1/nothing"):
        assert is_problem(client.get(path), 401, "asks for its token")
    assert client.get("/metrics").status_code == 401
    assert client.get("/healthz").json() == {"status": "ok"}


def test_metrics_count_what_happened(serve: Serve, own: list[Path], clip: Path) -> None:
    client = serve(create_app(own))
    client.post("/v1/analyze", files=sound(clip))
    client.get("/v1/some/where")
    text = client.get("/metrics").text
    for line in (
        'irec_requests_total{method="POST",route="/v1/analyze",status="200"} 1.0',
        'irec_requests_total{method="GET",route="other",status="404"} 1.0',
        'irec_rejections_total{status="404"} 1.0',
        'irec_sound_seconds_total{source="file"} 4.5',
        'irec_jobs{state="running"} 0.0',
        "irec_waiting_batches 0.0",
    ):
        assert line in text, text


def test_the_log_names_no_files_and_no_queries(serve: Serve, own: list[Path], clip: Path) -> None:
    written = io.StringIO()
    log = JsonLog(written)
    client = serve(create_app(own, log=log))
    client.post("/v1/analyze?format=csv&secret=x", files=sound(clip))
    client.get("/v1/secret")
    log.close()
    first, second = map(json.loads, written.getvalue().splitlines())
    assert first["bytes"] > 1000
    assert first["seconds"] > 0
    named = {key: value for key, value in first.items() if key not in ("time", "seconds", "bytes")}
    assert named == {"event": "request", "method": "POST", "route": "/v1/analyze", "status": 200}
    assert (second["route"], second["status"]) == ("other", 404)
    assert "secret" not in written.getvalue()
    assert "clip" not in written.getvalue()


def test_a_log_that_nobody_reads_holds_nobody_up() -> None:
    go_on = threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            assert go_on.wait(PATIENCE_S)
            return super().write(text)

    file = Stuck()
    log = JsonLog(file)
    for _ in range(3000):
        log.write("request")
    go_on.set()
    wait_until(lambda: file.getvalue().count("\n") >= 1000)
    log.write("request")
    log.close()
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert len(lines) + sum(line.get("lost_lines", 0) for line in lines) == 3001


def test_a_log_goes_on_once_its_disk_has_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_live.web.instrumentation._RETRY_S", 0.001)
    full, tried = threading.Event(), threading.Semaphore(0)
    full.set()

    class Disk(io.StringIO):
        def flush(self) -> None:
            tried.release()
            if full.is_set():
                raise OSError(errno.ENOSPC, "No space left on device")

    file = Disk()
    log = JsonLog(file)
    for number in range(3):
        log.write("request", number=number)
    for _ in range(3):
        assert tried.acquire(timeout=PATIENCE_S)
    full.clear()
    wait_until(lambda: file.getvalue().count("\n") == 3)
    log.close()
    assert [json.loads(line)["number"] for line in file.getvalue().splitlines()] == [0, 1, 2]


def test_a_log_that_is_closed_while_its_disk_is_full_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    class Disk(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    log = JsonLog(Disk())
    log.write("request")
    log.close()
    log._thread.join(PATIENCE_S)
    assert not log._thread.is_alive()


def test_answers_of_the_versioned_interface_are_those_described(
    serve: Serve, own: list[Path], clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(create_app(own, most_bytes=2_000_000, token=TOKEN, hosts=("localhost",)))
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    described = client.get("/openapi.json", headers=bearer).json()
    job = client.post("/v1/jobs", files=sound(clip), headers=bearer).headers["location"]
    failed = client.post("/v1/jobs", files={"file": b"x"}, headers=bearer).headers["location"]
    for where in (job, failed):
        wait_until(lambda: client.get(where, headers=bearer).json()["state"] != "running")  # noqa: B023 - at once
    one = "/v1/jobs/{job}"
    refused = {"headers": {"Origin": "http://evil.example"}}
    big = {"files": {"file": bytes(2_000_001)}}
    for method, path, url, options in (
        *(("GET", path, path, {}) for path in ("/v1/models", "/v1/formats", "/v1/instruments", "/healthz", "/metrics")),
        *(("GET", path, path, refused) for path in ("/v1/models", "/healthz", "/metrics")),
        *(("POST", "/v1/analyze", f"/v1/analyze?format={form}", {"files": sound(clip)}) for form in FORMATS),
        ("POST", "/v1/analyze", "/v1/analyze", {"files": sound(clip), "headers": {"Accept": "image/png"}}),
        *(
            ("POST", path, path + query, options)
            for path in ("/v1/analyze", "/v1/jobs")
            for query, options in (
                ("?model=none", {"files": sound(clip)}),
                ("", {"data": {"file": "x"}}),
                ("", big),
                ("", {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
                ("", {"content": iter([b"x"])}),
                ("", {"files": sound(clip), "headers": {"Authorization": "x"}}),
                ("", {"files": sound(clip)}),
            )
        ),
        ("POST", "/v1/analyze", "/v1/analyze?format=xml", {"files": sound(clip)}),
        ("POST", "/v1/analyze", "/v1/analyze", {"files": {"file": b"x"}}),
        ("GET", one, job, {}),
        ("GET", one, failed, {}),
        ("GET", one, "/v1/jobs/none", {}),
        ("GET", one, "/v1/jobs/" + 65 * "x", {}),
        ("GET", one + "/result", job + "/result?format=csv", {}),
        ("GET", one + "/result", job + "/result?offset=nan", {}),
        ("GET", one + "/result", job + "/result", {"headers": {"Accept": "image/png"}}),
        ("GET", one + "/result", failed + "/result", {}),
        ("GET", one + "/result", "/v1/jobs/none/result", {}),
        ("DELETE", one, job, {}),
        ("DELETE", one, job, {}),
    ):
        headers = {**bearer, **options.get("headers", {})}  # type: ignore[dict-item]
        rest = {key: value for key, value in options.items() if key != "headers"}
        answer = client.request(method, url, headers=headers, **rest)  # type: ignore[arg-type]
        responses = described["paths"][path][method.lower()]["responses"]
        assert str(answer.status_code) in responses, (url, answer.status_code, answer.text)
        if answer.status_code == 204:
            assert "content" not in responses["204"]
            continue
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in responses[str(answer.status_code)]["content"], (url, answer.status_code)
        if path.startswith("/v1") and answer.status_code >= 400:
            assert is_problem(answer, answer.status_code)
    assert "HTTPValidationError" not in json.dumps(described)
